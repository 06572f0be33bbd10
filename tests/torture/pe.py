"""Mutated Windows executables: through the parser that maps them, under ASan and UBSan, and started in a machine.

ALBIREO_SEED=N repeats a run of those started.
"""
from x import fuzz
from x.testing import workloads

MUTATED_FILES = 100_000
STARTED_FILES = 2000


def scenario_pe_files_mutated_100000_times_are_parsed_or_refused(m):
    output = fuzz.sample("pe", MUTATED_FILES)
    m.true(output is None, f"expected {MUTATED_FILES} files without a finding\ngot {output}")


def scenario_pe_files_mutated_and_started_die_alone(m):
    seed = workloads.drawn_seed()
    print(f"mutants: seed {seed}", flush=True)
    workloads.tell("mutants", seed, workloads.hostile_pe(m, STARTED_FILES, seed))
