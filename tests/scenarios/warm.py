"""Warm starts of Windows programs: whom they ask, what they share, what they cost beside Linux ones."""
import os
import re
import shutil

from x import stage
from x.common import BUILD, IS_DEBUG

HELLO = os.path.join(BUILD, "windows", "tests", "windows", "programs", "aid-bench-hello.exe")
SLEEP = os.path.join(BUILD, "host", "tests", "mixed", "sleep.exe")
# Times the dynamic Linux program's instructions: the kernel and the services may not take more. Checks cost each other shares.
MOST_TIMES = 4.5 if IS_DEBUG else 3.0
MEASURE = "-fw_cfg name=opt/albireo/measure,string=1"

COUNT = r"""
count() { while read -r name value; do [ "$name" = "$1" ] && echo "$value"; done < /proc/albireo/counters; }
"""
ASKED = COUNT + r"""
for i in 1 2 3 4 5; do ./hello.exe > /dev/null; done
for name in ipc.call.loaderd ipc.call.hived lease.image.miss lease.key.grant lease.value.grant; do
    before=$(count $name)
    for i in 1 2 3 4 5 6 7 8 9 10; do ./hello.exe > /dev/null; done
    echo $name $((($(count $name) - before) / 10))
done
"""
SHARED = COUNT + r"""
./sleep.exe > first & until grep -q asleep first; do :; done
cached=$(count frames.cached) mapped=$(count frames.mapped)
for i in {1..10}; do ./sleep.exe >> out & done
until [ $(grep -c asleep out) -ge 10 ]; do :; done
echo $((($(count frames.cached) - cached) * 4 / 10)) $((($(count frames.mapped) - mapped) * 4 / 10))
kill $(jobs -p)
"""


def scenario_a_warm_start_of_a_windows_program_asks_for_nothing_that_is_known(m):
    shutil.copy(HELLO, os.path.join(m.folder, "hello.exe"))
    result = m.exec("/bin/bash", "-c", ASKED, options=["--icount"])
    asked = dict(line.split() for line in result.out.decode().splitlines())
    # kernelbase writes two values of the registry at every start.
    m.equal(asked, {"ipc.call.loaderd": "0", "ipc.call.hived": "2", "lease.image.miss": "0", "lease.key.grant": "0",
                    "lease.value.grant": "0"}, "calls and leases of one start", result)


def scenario_the_text_of_dlls_is_in_memory_once(m):
    shutil.copy(SLEEP, os.path.join(m.folder, "sleep.exe"))
    result = m.exec("/bin/bash", "-c", SHARED)
    text_kib, mapped_kib = map(int, result.out.split())
    m.true(text_kib < 40, f"each process added {text_kib} KiB of file pages, less than 40 expected")
    m.true(mapped_kib > 1000, f"each process maps {mapped_kib} KiB of file pages, more than 1000 expected")


def scenario_a_warm_windows_hello_takes_few_times_what_a_linux_one_does(m):
    result = m.exec("/system/tests/bench-shares", "dynamic=/system/tests/bench-hello-dynamic", f"windows={HELLO}",
                    options=["--icount", "--bundle", stage.TEST_BUNDLE, "--qemu-args", MEASURE])
    cost = {name: int(value) for name, value in re.findall(r"(?m)^(\w+)_kernel\t(\d+)$", result.err.decode())}
    m.equal(sorted(cost), ["dynamic", "windows"], "programs that were measured", result)
    m.true(cost["windows"] <= MOST_TIMES * cost["dynamic"],
           f"expected at most {MOST_TIMES} times the instructions of a Linux program\ngot {cost}")
