"""./x debug: gdb stops in the kernel and in a service, with their symbols."""
import subprocess

from x.testing.runs import X

# Other programs run at vfsd's addresses too, where the argument may be anything.
STOP_IN_VFSD = "hbreak handle_walk if (unsigned long)rq > 0x10000 && rq->op == 1"
GDB_COMMANDS = ("hbreak compat_syscall", "continue", "backtrace", "delete",
                "service vfsd", STOP_IN_VFSD, "continue", "backtrace", "print rq->op",
                "delete", "detach")


def run_gdb(script):
    commands = [word for command in GDB_COMMANDS for word in ("-ex", command)]
    return subprocess.run(["gdb", "-q", "-batch", "-x", script, *commands], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, text=True).stdout


def scenario_gdb_stops_in_the_kernel_and_in_a_service(m):
    machine = subprocess.Popen([X, "debug", "--log", m.next_log(), "--", "/bin/busybox", "true"], cwd=m.folder,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        script = m.matches(machine.stdout.readline(), r"waiting for: gdb -q -x (\S+)", "what ./x debug says").group(1)
        text = run_gdb(script)
        m.matches(text, r"#0 +compat_syscall \(f=\w+\) at .*dispatch\.c:\d+\n#1 .* in trap_syscall", "stop in the kernel")
        m.matches(text, r"#0 +handle_walk \(rq=\w+\) at .*vfsd/src/names\.c:\d+\n(.*\n)+.* dispatch \(rq=",
                  "stop in vfsd")
        m.matches(text, r"\$1 = 1\n", "argument in vfsd")
        m.equal(machine.wait(60), 0, f"exit code after gdb has left\n{text[-1000:]}")
    finally:
        machine.kill()
