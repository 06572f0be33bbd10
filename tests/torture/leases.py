"""Names that change under the eyes of others, for a minute on each filesystem."""
from x.testing import workloads

IS_ALONE = True


def scenario_leases_never_show_what_linux_could_not(m):
    workloads.race(m, seconds=60)
