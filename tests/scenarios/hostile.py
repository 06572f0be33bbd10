"""Programs that mean harm: kernel and services survive them. The long form is `./x torture hostile`."""
from x.testing import workloads

# Its checks of heap and locks find damage where it is done.
WITH_CHECKS = ["--debug-kernel"]


def scenario_a_hostile_user_calls_everything_and_nothing_dies(m):
    workloads.hostile_calls(m, seconds=5, seed=1, uid=workloads.NOBODY, options=WITH_CHECKS)


def scenario_a_hostile_root_calls_everything_and_no_service_dies(m):
    workloads.hostile_calls(m, seconds=5, seed=2, options=WITH_CHECKS)


def scenario_hostile_elf_files_are_refused_or_die_alone(m):
    workloads.hostile_elf(m, mutants=200, seed=1)


def scenario_a_hostile_windows_program_calls_every_service_and_nothing_dies(m):
    workloads.hostile_nt_calls(m, seconds=5, seed=1, uid=workloads.NOBODY, least_calls=3000, options=WITH_CHECKS)


def scenario_hostile_windows_files_are_refused_or_die_alone(m):
    workloads.hostile_pe(m, mutants=60, seed=1)
