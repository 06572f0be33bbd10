"""Four processors for long: fairness, leaks, and which locks were contended."""
from x.testing import workloads

IS_ALONE = True


def scenario_smp_shares_processors(m):
    workloads.share_processors(m, seconds=20)


def scenario_smp_leaves_nothing_behind(m):
    print(workloads.fork_and_exec(m, times=500), end="")
