"""A minute of calls that nobody means as a user and as root, and 2,000 mutants of an ELF program.

Each run draws a seed and prints it; ALBIREO_SEED=N repeats a run.
"""
from x.testing import workloads

IS_ALONE = True
SECONDS = 60
LEAST_CALLS = 100_000
MUTANTS = 2000


def scenario_hostile_calls_of_nobody(m):
    seed = workloads.drawn_seed()
    print(f"nobody: seed {seed}", flush=True)
    workloads.tell("nobody", seed, workloads.hostile_calls(m, SECONDS, seed, workloads.NOBODY, LEAST_CALLS))


def scenario_hostile_calls_of_root(m):
    seed = workloads.drawn_seed()
    print(f"root: seed {seed}", flush=True)
    workloads.tell("root", seed, workloads.hostile_calls(m, SECONDS, seed, 0, LEAST_CALLS))


def scenario_hostile_calls_on_the_checking_kernel(m):
    seed = workloads.drawn_seed()
    print(f"checked: seed {seed}", flush=True)
    workloads.tell("checked", seed, workloads.hostile_calls(m, SECONDS, seed, workloads.NOBODY, options=["--debug-kernel"]))


def scenario_hostile_elf(m):
    seed = workloads.drawn_seed()
    print(f"mutants: seed {seed}", flush=True)
    workloads.tell("mutants", seed, workloads.hostile_elf(m, MUTANTS, seed))
