"""Each service killed 50 times or more under work, at least 10 times in the middle of a request."""
from x.testing import workloads

IS_ALONE = True
KILLS = 50
BUSY = 10
# Their requests are so short that few deaths meet one.
SHORT_KILLS = 250


def scenario_supervision_of_vfsd(m):
    workloads.kill_service(m, "vfsd", KILLS, BUSY)


def scenario_supervision_of_procd(m):
    workloads.kill_service(m, "procd", SHORT_KILLS, BUSY)


def scenario_supervision_of_loaderd(m):
    workloads.kill_service(m, "loaderd", SHORT_KILLS, BUSY)


def scenario_supervision_of_syscalld(m):
    workloads.kill_service(m, "syscalld", SHORT_KILLS, BUSY)
