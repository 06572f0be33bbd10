"""Services that are killed under work: nobody notices but the log."""
from x.testing import workloads


def scenario_vfsd_dies_under_work_and_every_result_is_right(m):
    workloads.kill_service(m, "vfsd", kills=5, wanted_busy=1)


def scenario_procd_dies_under_work_and_every_result_is_right(m):
    workloads.kill_service(m, "procd", kills=5, wanted_busy=0)


def scenario_loaderd_dies_under_work_and_every_result_is_right(m):
    workloads.kill_service(m, "loaderd", kills=5, wanted_busy=0)


def scenario_syscalld_dies_under_work_and_every_result_is_right(m):
    workloads.kill_service(m, "syscalld", kills=5, wanted_busy=0)


def scenario_netd_dies_under_work_and_every_result_is_right(m):
    workloads.kill_service(m, "netd", kills=5, wanted_busy=0)
