"""Mutated Windows executables through the parser that maps them, under ASan and UBSan."""
from x import fuzz

MUTATED_FILES = 100_000


def scenario_pe_files_mutated_100000_times_are_parsed_or_refused(m):
    output = fuzz.sample("pe", MUTATED_FILES)
    m.true(output is None, f"expected {MUTATED_FILES} files without a finding\ngot {output}")
