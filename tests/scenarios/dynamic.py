"""Debian's dynamic programs: what a start costs when everything is known, and what they share."""
COUNT = r"""
count() { while read -r name value; do [ "$name" = "$1" ] && echo "$value"; done < /proc/albireo/counters; }
"""
WARM = COUNT + r"""
for i in 1 2 3; do /bin/true; done
for name in ipc.call.loaderd ipc.call.procd ipc.call.vfsd lease.image.miss; do
    before=$(count $name)
    for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done
    few=$(count $name)
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do /bin/true; done
    many=$(count $name)
    echo $name $((many - few - (few - before)))
done
"""
SHARED = COUNT + r"""
ps -C sleep | wc -l >/dev/null; sleep 0; :  # what all that needs is read in
cached=$(count frames.cached) free=$(count frames.free)
for i in {1..40}; do sleep 60 & done
until [ $(ps -C sleep -o pid= | wc -l) -ge 40 ]; do :; done
echo $((($(count frames.cached) - cached) * 4 / 40)) $(((free - $(count frames.free)) * 4 / 40))
kill $(jobs -p)
"""


def scenario_a_warm_start_of_a_dynamic_program_asks_nobody(m):
    result = m.exec("/bin/bash", "-c", WARM, options=["--icount"])
    m.equal(result.out.decode().split("\n")[:4],
            ["ipc.call.loaderd 0", "ipc.call.procd 0", "ipc.call.vfsd 0", "lease.image.miss 0"],
            "calls that ten more starts made", result)


def scenario_the_text_of_a_library_is_in_memory_once(m):
    result = m.exec("/bin/bash", "-c", SHARED)
    text_kib, all_kib = map(int, result.out.split())
    m.true(text_kib < 20, f"each process added {text_kib} KiB of file pages, at most 20 expected")
    m.true(all_kib < 300, f"each process took {all_kib} KiB, at most 300 expected")


def scenario_random_addresses_repeat_under_icount(m):
    first, second = (m.succeeds("/bin/cat", "/proc/self/maps", options=["--icount"]).out for _ in range(2))
    m.equal(second, first, "the maps of a second run")
    m.true(m.succeeds("/bin/cat", "/proc/self/maps").out != first, "a run without --icount has other addresses")
