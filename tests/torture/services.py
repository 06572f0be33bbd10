"""Each service killed 20 times under what people do: make -j4, a SQLite writer, a Windows program with files; and
in a machine of ./x run, on its ext4 volume."""
from x.testing import kills

IS_ALONE = True
KILLS = 20


def scenario_services_syscalld_under_user_work(m):
    kills.kill_under_user_work(m, "syscalld", KILLS)


def scenario_services_procd_under_user_work(m):
    kills.kill_under_user_work(m, "procd", KILLS)


def scenario_services_vfsd_under_user_work(m):
    kills.kill_under_user_work(m, "vfsd", KILLS)


def scenario_services_loaderd_under_user_work(m):
    kills.kill_under_user_work(m, "loaderd", KILLS)


def scenario_services_netd_under_user_work(m):
    kills.kill_under_user_work(m, "netd", KILLS)


def scenario_services_hived_under_user_work(m):
    kills.kill_under_user_work(m, "hived", KILLS)


def scenario_services_storaged_under_user_work(m):
    kills.kill_under_user_work(m, "storaged", KILLS)


def scenario_services_driverd_under_user_work(m):
    kills.kill_under_user_work(m, "driverd", KILLS)


def scenario_services_devmgrd_under_user_work(m):
    kills.kill_under_user_work(m, "devmgrd", KILLS)


def scenario_services_inputd_under_user_work(m):
    kills.kill_under_user_work(m, "inputd", KILLS)


def scenario_services_syscalld_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "syscalld", KILLS)


def scenario_services_procd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "procd", KILLS)


def scenario_services_vfsd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "vfsd", KILLS)


def scenario_services_loaderd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "loaderd", KILLS)


def scenario_services_netd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "netd", KILLS)


def scenario_services_hived_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "hived", KILLS)


def scenario_services_storaged_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "storaged", KILLS)


def scenario_services_driverd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "driverd", KILLS)


def scenario_services_devmgrd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "devmgrd", KILLS)


def scenario_services_inputd_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "inputd", KILLS)


def scenario_services_runtimed_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "runtimed", KILLS)


def scenario_services_sessiond_on_the_system_volume(m):
    kills.kill_on_the_system_volume(m, "sessiond", KILLS)
