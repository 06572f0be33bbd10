"""Each service killed 50 times under work, and 50 times more with its answers held back, of which at
least 10 must have been in the middle of a request."""
from x.testing import workloads

IS_ALONE = True
KILLS = 50
BUSY = 10


def kill_at_any_time_and_late(m, service):
    workloads.kill_service(m, service, KILLS, wanted_busy=0)
    workloads.kill_service(m, service, KILLS, BUSY, workloads.LATE_ANSWERS)


def scenario_supervision_of_vfsd(m):
    kill_at_any_time_and_late(m, "vfsd")


def scenario_supervision_of_procd(m):
    kill_at_any_time_and_late(m, "procd")


def scenario_supervision_of_loaderd(m):
    kill_at_any_time_and_late(m, "loaderd")


def scenario_supervision_of_syscalld(m):
    kill_at_any_time_and_late(m, "syscalld")


def scenario_supervision_of_netd(m):
    kill_at_any_time_and_late(m, "netd")
