"""Programs that mean harm: kernel and services survive them. The long forms are `./x torture syscalls` and `hostile`."""
from x.testing import workloads


def scenario_a_hostile_user_calls_everything_and_nothing_dies(m):
    workloads.syscalls(m, "calls", seconds=5, seed=1, uid=workloads.NOBODY)


def scenario_a_hostile_root_calls_everything_and_no_service_dies(m):
    workloads.syscalls(m, "calls", seconds=5, seed=2, uid=0)


def scenario_hostile_elf_files_are_refused_or_die_alone(m):
    workloads.hostile_elf(m, mutants=200, seed=1)


def scenario_a_hostile_windows_program_calls_every_service_and_nothing_dies(m):
    workloads.hostile_nt_calls(m, seconds=5, seed=1, uid=workloads.NOBODY, least_calls=3000, options=["--debug-kernel"])


def scenario_hostile_windows_files_are_refused_or_die_alone(m):
    workloads.hostile_pe(m, mutants=60, seed=1)
