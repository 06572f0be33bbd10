"""Each service killed 20 times under what people do: make -j4, a SQLite writer, a Windows program with files; and
in a machine of ./x run, on its ext4 volume."""
from x.testing import workloads

IS_ALONE = True
KILLS = 20


def scenario_services_syscalld_under_user_work(m):
    workloads.kill_under_user_work(m, "syscalld", KILLS)


def scenario_services_procd_under_user_work(m):
    workloads.kill_under_user_work(m, "procd", KILLS)


def scenario_services_vfsd_under_user_work(m):
    workloads.kill_under_user_work(m, "vfsd", KILLS)


def scenario_services_loaderd_under_user_work(m):
    workloads.kill_under_user_work(m, "loaderd", KILLS)


def scenario_services_netd_under_user_work(m):
    workloads.kill_under_user_work(m, "netd", KILLS)


def scenario_services_hived_under_user_work(m):
    workloads.kill_under_user_work(m, "hived", KILLS)


def scenario_services_syscalld_on_the_system_volume(m):
    workloads.kill_on_the_system_volume(m, "syscalld", KILLS)


def scenario_services_procd_on_the_system_volume(m):
    workloads.kill_on_the_system_volume(m, "procd", KILLS)


def scenario_services_vfsd_on_the_system_volume(m):
    workloads.kill_on_the_system_volume(m, "vfsd", KILLS)


def scenario_services_loaderd_on_the_system_volume(m):
    workloads.kill_on_the_system_volume(m, "loaderd", KILLS)


def scenario_services_hived_on_the_system_volume(m):
    workloads.kill_on_the_system_volume(m, "hived", KILLS)


def scenario_services_storaged_on_the_system_volume(m):
    workloads.kill_on_the_system_volume(m, "storaged", KILLS)
