"""Workloads that ./x test runs in a short form and ./x torture in their full length."""
import os
import shutil
import re

from x import programs
from x.testing import outcomes

SERVICE_IDS = {"syscalld": 1, "procd": 9, "vfsd": 2, "loaderd": 6, "netd": 3}
ON_DEMAND = {"netd"}


def race(m, seconds):
    """Names change on one thread while others look at them, on tmpfs and on the host's files; there also where bytes
    stay long on their way to the host, and answers on theirs to the kernel.
    The program ends at the first look that Linux could not have given."""
    shared = os.path.join(m.folder, "race")
    for folder, *faults in ("/tmp/race",), (shared,), (shared, "pager.out=delay-ms:3"), (shared, "ipc.reply=delay-ms:2"):
        options = ["--smp", "4", *(word for fault in faults for word in ("--fault", fault))]
        result = m.succeeds(m.program("lease-race"), str(seconds), folder, options=options, timeout=seconds + 60)
        m.matches(result.out, r"^[1-9]\d* changes, [1-9]\d* looks, [1-9]\d* of them exact", f"race in {folder} {faults}")
        shutil.rmtree(shared, ignore_errors=True)


# What a shell does with files and programs, each result checked. $1: a program that only ends.
SHELL_WORK = """
set -e
mkdir t; cd t
mkdir -p src/a/b src/c
for i in 1 2 3 4 5; do
	echo "file $i" > src/a/f$i; echo "deep $i" > src/a/b/g$i; ln -s f$i src/a/l$i
done
[ "$(find src | wc -l)" = 19 ]
cp -r src copy
[ "$(cd copy && find . | sort)" = "$(cd src && find . | sort)" ]
tar cf t.tar src
mkdir out
tar xf t.tar -C out
for i in 1 2 3 4 5; do
	cmp src/a/f$i copy/a/f$i
	cmp src/a/b/g$i out/src/a/b/g$i
	[ "$(readlink out/src/a/l$i)" = f$i ]
done
cp "$1" nothing
./nothing
cd ..
rm -r t
"""


# Answers wait before they leave, so that a death meets them even where requests are short.
LATE_ANSWERS = ["--fault", "ipc.reply=delay-ms:2"]


def kill_service(m, service, kills, wanted_busy, options=()):
    """Kill a service again and again under work; every result must be right, nothing may stay behind,
    and `wanted_busy` of the kills must have met a request in progress."""
    folders = ["/tmp/work", os.path.join(m.folder, "work")]
    result = m.succeeds(m.program("exactly-once"), service, str(kills), m.program("nothing"), SHELL_WORK, *folders,
                        options=["--smp", "4", *options], timeout=60 + 10 * kills)
    m.equal(result.out.decode(), f"{kills} kills\n", "kills, and counters that changed", result)
    number, log = SERVICE_IDS[service], m.log_text(result)
    met = [int(n) for n in re.findall(rf"service {number} \(pid \d+\) ended with (\d+) requests", log)]
    m.equal(len(met), kills, "deaths that the log tells", result)
    busy = sum(n > 0 for n in met)
    m.true(busy >= wanted_busy, f"expected {wanted_busy} kills with a request in progress\ngot {busy} of {kills}\n"
                                f"log: {result.log}")


def share_processors(m, seconds):
    """Eight busy processes on four processors: half a processor each. Three on one would have a third, one alone all;
    how much the host gives a virtual processor is not the machine's doing."""
    result = m.succeeds(m.program("smp"), "fair", str(seconds), options=["--smp", "4"])
    shares = [int(share) for share in re.findall(r"^share (\d+)$", result.out.decode(), re.M)]
    m.equal(len(shares), 8, "processes that told their share", result)
    m.true(all(35 <= share <= 65 for share in shares), f"expected 35 to 65 % of a processor for each\ngot {shares}")


def fork_and_exec(m, times):
    """Four shells that fork, execute and wait `times` times. Returns what the program printed: the
    contended acquisitions of each lock class."""
    result = m.succeeds(m.program("smp"), "leaks", str(times), options=["--smp", "4"], timeout=120 + 4 * times)
    text = result.out.decode()
    left = [line for line in text.splitlines() if line.startswith("left")]
    m.equal(left, [], "counters before and after that differ", result)
    m.matches(text, r"contended lock\.\w+\.contended \d+ \d+", "contended acquisitions")
    return text


# A program runs in a folder on tmpfs that everybody may write; then the processes are listed.
IN_AN_OPEN_FOLDER = """
mkdir -m 777 /tmp/hostile && cd /tmp/hostile || exit 99
"$@"
code=$?
ps -o pid,comm
exit $code
"""
NOBODY = 65534


# The same after a short run, which makes what is made on first use. Of what programs have, nothing may be left
# when they are gone; services let go of it with notifications. A segment of System V's stays, and has a file; so do
# NT's tables of languages, and sections whose names are permanent. NT objects with names and what they hold are not
# counted: debug builds do that when the machine ends.
AFTER_A_FIRST_RUN = """
mkdir -m 777 /tmp/hostile && cd /tmp/hostile || exit 99
held() {
	awk -v classes="^heap[.]($classes)[.]live$" '{
		name = $0
		sub(/ [0-9]+$/, "", name)
		if (name ~ /^heap[.](sysv_shm|nt-nls-table|nt-section)[.]live$/)
			held_files += $NF
		else if (name ~ classes)
			count[name] = $NF
	} END {
		count["heap.file.live"] -= held_files
		for (name in count)
			if (count[name])
				print name, count[name]
	}' /proc/albireo/counters | sort
}
"$@" -t 2 >/dev/null 2>&1
before=$(held)
"$@" -t $seconds
code=$?
tries=0
until after=$(held); [ "$after" = "$before" ] || [ $tries = 100 ]; do tries=$((tries + 1)); sleep 0.1; done
printf 'before\n%s\nafter\n%s\n' "$before" "$after"
ps -o pid,comm
exit $code
"""
CLASSES_OF_PROGRAMS = (
    "process", "space", "sigactions", "handle_table", "group", "session", "fs context", "file", "file lock", "pipe", "pty",
    "socket", "epoll", "epoll item", "eventfd", "timerfd", "signalfd", "inotify", "inotify watch", "futex-pi", "posix-timer",
    "timers", "pending-signal", "exit-note", "endpoint", "ipc_request", "nt-apc", "nt-pipe", "nt-pipe-end",
    "nt-pipe-request", "nt-process", "nt-region", "nt-thread", "nt-token")


def run_hostile(m, script, name, *arguments, timeout, options=()):
    """Run a hostile program on four processors; afterwards kernel and services must be as before.
    Returns what it printed."""
    hostile = dict(programs.in_group("hostile"))["hostile-" + name]
    result = m.succeeds("/bin/busybox", "sh", "-c", script, "sh", hostile, *arguments,
                        options=["--smp", "4", "--ro", *outcomes.KEEP_QUIET, *options], timeout=timeout)
    text, log = result.out.decode(), m.log_text(result)
    for service in SERVICE_IDS.keys() - ON_DEMAND:
        m.matches(text, rf"(?m)^\s*\d+ {service}$", f"{service} among the processes")
    ended = re.findall(r".*service \d+ \(pid \d+\) ended.*|.*cat=service.*ends by signal.*|=== PANIC.*", log)
    m.equal(ended, [], "ends that the log tells", result)
    return text


def counted_in(text):
    """{name: number} of what a hostile program printed."""
    return {key: int(number) for key, number in re.findall(r"^([\w ]+):? (\d+)$", text, re.M)}


def survive(m, name, *arguments, timeout, options=()):
    """As run_hostile(). Returns the numbers it printed: {name: number}."""
    return counted_in(run_hostile(m, IN_AN_OPEN_FOLDER, name, *arguments, timeout=timeout, options=options))


def drawn_seed():
    """That of ALBIREO_SEED, else another one each time."""
    return int(os.environ.get("ALBIREO_SEED") or int.from_bytes(os.urandom(4), "little"))


def torture_seconds(default):
    """As long as ./x torture --time says."""
    return int(os.environ.get("ALBIREO_TORTURE_SECONDS") or default)


def tell(what, seed, counted):
    print(f"{what}, seed {seed}: " + ", ".join(f"{key} {number}" for key, number in counted.items()), flush=True)


def hostile_calls(m, seconds, seed, uid=0, least_calls=0, options=()):
    """Every call with arguments that nobody means. Returns what was counted."""
    counted = survive(m, "calls", "-s", str(seed), "-t", str(seconds), "-n", str(least_calls), "-u", str(uid),
                      timeout=60 + 4 * seconds, options=options)
    m.equal(counted["never reached"], 0, "numbers that were never called")
    m.true(counted["calls"] >= least_calls, f"expected {least_calls} calls\ngot {counted['calls']}")
    return counted


def syscalls(m, edge, seconds, seed, uid):
    """Calls of an edge, "calls" of Linux or "nt", plausible and wrong, in the kernel that checks itself; no object of a
    program's may outlive it. Returns what was counted."""
    variables = ["--env", "classes=" + "|".join(CLASSES_OF_PROGRAMS), "--env", f"seconds={seconds}"]
    program = [edge, "-s", str(seed), "-u", str(uid)]
    text = run_hostile(m, AFTER_A_FIRST_RUN, *program, *([nt_monkey()] if edge == "nt" else []),
                       timeout=300 + 4 * seconds, options=["--debug-kernel", *variables])
    before, after = (dict(re.findall(r"^heap\.(.+)\.live (\d+)$", part, re.M)) for part in
                     re.search(r"^before\n(.*)^after\n(.*)", text, re.M | re.S).groups())
    left = {name: f"{before.get(name, 0)} before, {count} now" for name, count in after.items()
            if int(count) > int(before.get(name, 0))}
    m.equal(left, {}, "objects left of programs that are gone")
    counted = counted_in(text)
    m.equal(counted["never reached"], 0, "calls that were never made")
    return counted


def hostile_elf(m, mutants, seed, options=()):
    """Mutants of an ELF program, executed one after the other. Returns how often each outcome was seen."""
    counted = survive(m, "elf", "-s", str(seed), "-n", str(mutants), timeout=60 + mutants, options=options)
    m.equal(counted["mutants"], mutants, "mutants executed")
    return counted


def nt_monkey():
    return dict(programs.in_group("hostile"))["hostile-nt-monkey.exe"]


def hostile_nt_calls(m, seconds, seed, uid=0, least_calls=0, options=()):
    """Every NT service with arguments that nobody means. Returns what was counted."""
    counted = survive(m, "nt", "-s", str(seed), "-t", str(seconds), "-n", str(least_calls), "-u", str(uid), nt_monkey(),
                      timeout=120 + 4 * seconds, options=options)
    m.equal(counted["never reached"], 0, "services that were never called")
    m.true(counted["calls"] >= least_calls, f"expected {least_calls} calls\ngot {counted['calls']}")
    return counted


def hostile_pe(m, mutants, seed, options=()):
    """Mutants of a Windows program, started one after the other. Returns how often each outcome was seen."""
    counted = survive(m, "pe", "-s", str(seed), "-n", str(mutants), nt_monkey(), timeout=120 + 3 * mutants, options=options)
    m.equal(counted["mutants"], mutants, "mutants started")
    # Unharmed, the program misses its arguments.
    m.true(counted.get("exited 2", 0) > 0, f"expected mutants that still run\ngot {counted}")
    m.true(counted.get("refused with ENOEXEC", 0) > 0, f"expected mutants that are no programs\ngot {counted}")
    return counted


def thread_work(m, cpus, size):
    """Condition variables, creation, signals and forks of threads on `cpus` processors; `size` 1 is the
    whole of each."""
    for arguments in (("condvar", "64", str(int(500 * size))), ("create", str(int(10000 * size))),
                      ("signals", str(int(100000 * size))), ("fork", str(int(100 * size)))):
        m.succeeds(m.program("threads"), *arguments, options=["--smp", str(cpus)], out=b"ok\n", timeout=600)
