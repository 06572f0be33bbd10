"""Services that are killed under work: nobody notices but the log."""
from x.testing import kills, workloads


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


REGISTRY_WORK = r"""
cp /windows/c/windows/system32/reg.exe /tmp && chmod +x /tmp/reg.exe && cd /tmp || exit 99
./reg.exe add 'HKCU\Software\Kept' /v first /d one || exit
for n in 1 2; do
	kill -SEGV 105
	./reg.exe add 'HKCU\Software\Kept' /v "after $n" /t REG_DWORD /d $n || exit
done
kill -SEGV 105
./reg.exe query 'HKCU\Software\Kept'
"""


def scenario_hived_dies_and_the_registry_is_what_it_was(m):
    result = m.shell(REGISTRY_WORK)
    m.equal(m.log_text(result).count("hived was killed by signal 11, starting it again"), 3, "deaths that the log tells",
            result)
    values = [line.split() for line in result.out.decode().splitlines() if line.startswith("    ")]
    m.equal(values, [["after", "1", "REG_DWORD", "0x1"], ["after", "2", "REG_DWORD", "0x2"], ["first", "REG_SZ", "one"]],
            "values in the registry", result)


def scenario_each_service_dies_under_work_on_the_system_volume(m):
    kills.kill_each_on_the_system_volume(m)
