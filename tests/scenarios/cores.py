"""Core dumps: read by this host's gdb, named by the pattern."""
import os
import re
import subprocess


def backtraces(m, program, core):
    """{thread's number: names of its functions, innermost first}, and what gdb said."""
    done = subprocess.run(["gdb", "-batch", "-nx", "-ex", "thread apply all bt", program, core], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    text = done.stdout.decode("utf-8", "replace")
    threads = re.split(r"(?m)^Thread \d+ .*$", text)[1:]
    m.true(threads, f"expected threads\ngot {text}")
    return [re.findall(r"(?m)^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) \(", thread) for thread in threads], text


def scenario_gdb_reads_the_core_of_a_threaded_program(m):
    program = m.program("crash")
    for cpus in ("1", "4"):
        result = m.exec("/bin/busybox", "sh", "-c", f"ulimit -c unlimited; exec {program}", options=["--smp", cpus])
        m.equal(result.code, 139, "exit code", result)
        core = os.path.join(m.folder, "core")
        m.true(os.path.exists(core), f"expected a core in {m.folder}")
        threads, text = backtraces(m, program, core)
        m.matches(text, r"Program terminated with signal SIGSEGV", "the signal")
        crashed = [names for names in threads if "crash_below" in names]
        waiting = [names for names in threads if "wait_below" in names]
        m.equal([names[:4] for names in crashed], [["crash_below"] * 3 + ["crashing_thread"]], "the thread that crashed")
        m.equal(len(waiting), 2, f"threads that wait\n{text}")
        for names in waiting:
            m.true("waiting_thread" in names, f"expected waiting_thread\ngot {names}")
        m.true(any("main" in names for names in threads), f"expected main\ngot {threads}")
        os.unlink(core)


def scenario_cores_are_named_by_the_pattern(m):
    program = m.program("crash")
    script = f"""
mkdir -p /tmp/c/sub; cd /tmp/c; ulimit -c unlimited
cat /proc/sys/kernel/core_pattern /proc/sys/kernel/core_uses_pid
{program}; ls; rm -f core*
echo 1 > /proc/sys/kernel/core_uses_pid
{program}; ls | sed 's/[0-9][0-9]*$/PID/'; rm -f core*
echo 'sub/%e-%s-%u-%%-%x.%h' > /proc/sys/kernel/core_pattern
hostname star; {program}; ls sub | sed 's/[0-9][0-9]*$/PID/'; rm -f sub/*
echo '/tmp/c/%E.%p' > /proc/sys/kernel/core_pattern
{program}; ls | sed 's/^.*!\\(crash\\|machine-crash\\)\\.[0-9]*$/NAME.PID/'; rm -f *crash*
echo '|/bin/cat' > /proc/sys/kernel/core_pattern || echo no pipes
: > /proc/sys/kernel/core_pattern
""".replace(program + ";", f"{program} 2> /dev/null;")
    result = m.shell(script)
    m.equal([line for line in result.out.decode().splitlines() if "dumped" not in line],
            ["core", "0", "core", "sub", "core.PID", "sub", "machine-crash-11-0-%-.star.PID", "NAME.PID", "sub", "no pipes"],
            "names of cores", result)
