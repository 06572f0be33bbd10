"""Four processors: shared fairly, and nothing left behind by what ran on them."""
from x.testing import workloads


def scenario_busy_processes_share_four_processors(m):
    workloads.share_processors(m, seconds=3)


def scenario_fork_exec_and_wait_leave_nothing_behind(m):
    workloads.fork_and_exec(m, times=50)
