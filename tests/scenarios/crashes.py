"""A deliberate null write in many places: the report must tell where it was."""
import re
from concurrent.futures import ThreadPoolExecutor

BUSYBOX = "/bin/busybox"

# place: functions that the backtrace must name, innermost first
KERNEL_PLACES = {
    "syscall": ("crash_in_syscall", "linux_call_native", "compat_syscall"),
    "interrupt": ("on_timer", "sched_timer_interrupt", "trap_dispatch"),
    "kernel-thread": ("on_thread",),
    "pager": ("on_page_in", "mm_object_page_get", "crash_in_pager"),
    "lease": ("on_lease_release", "lease_revoke", "crash_in_lease"),
    "ipc": ("on_notified", "native_IPC_RECV", "compat_syscall"),
    "wait-queue": ("on_wake", "crash_in_wait_queue"),
    "file": ("on_file_release", "object_put", "crash_in_file"),
    "handle": ("on_object_release", "handle_close", "crash_in_handle"),
    "process-tree": ("on_process", "crash_in_process_tree"),
}
SERVICES = ("syscalld", "procd", "vfsd", "loaderd")


def crash(m, place):
    """Returns the panic's text after a null write at the place."""
    result = m.exec(BUSYBOX, "sh", "-c", f"echo {place} > /proc/albireo/crash; sleep 5", options=["--smp", "2"])
    m.equal(result.code, 125, f"exit code after a crash in {place}", result)
    m.matches(result.err, r"^x: the machine failed: .* \(log: .*\)\n$", "what ./x says of a panic")
    found = m.matches(m.log_text(result), r"(?s)=== PANIC: page fault in ring 0 at 0, .*=== END OF PANIC",
                      f"report of a crash in {place}")
    return found.group(0)


def backtrace(text):
    return re.findall(r"^ +[0-9a-f]{12,16} (\S+)\+[0-9a-f]+h$", text, re.M)


def check_kernel_place(m, place):
    text = crash(m, place)
    names = [name.split(".")[0] for name in backtrace(text)]
    at = -1
    for name in KERNEL_PLACES[place]:
        m.true(name in names[at + 1:], f"expected {KERNEL_PLACES[place]} in the backtrace of {place}\ngot {names}")
        at = names.index(name, at + 1)
    m.matches(text, r"\nrip [0-9a-f]{16} rsp [0-9a-f]{16}", "registers")
    m.matches(text, r"(?s)--- last log lines\n.*serves id", "last log lines")


def scenario_a_null_write_in_the_kernel_is_told_with_its_place(m):
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda place: check_kernel_place(m, place), KERNEL_PLACES))


def scenario_a_null_write_in_a_service_is_told_and_the_service_starts_again(m):
    result = m.shell("for s in syscalld procd vfsd loaderd; do\n"
                     "echo $s > /proc/albireo/crash || exit 1\n"
                     "mkdir /tmp/$s && cp /bin/busybox /tmp/$s/ && sleep 0.5 && /tmp/$s/busybox true || exit 1\n"
                     "done; echo works", out=b"works\n")
    log = m.log_text(result)
    for service in SERVICES:
        m.matches(log, rf"{service} was killed by signal 11, starting it again", f"end of {service}")
        found = m.matches(log, rf'msg="{service} \(pid \d+\) faulted: vector 14, error \w+, address 0, [^"]*"\n'
                               r'((?:.*msg="    .*"\n)+)', f"report of the fault in {service}")
        names = re.findall(r'msg="    [0-9a-f]{12} (\S+)\+[0-9a-f]+h"', found.group(1))
        m.equal([name.split(".")[0] for name in names[:2]], ["crash_on_request", "serve"], f"backtrace in {service}")


def scenario_only_root_may_crash_the_machine(m):
    result = m.succeeds(BUSYBOX, "stat", "-c", "%a %u %g", "/proc/albireo/crash")
    m.equal(result.out, b"200 0 0\n", "mode and owner of /proc/albireo/crash")
    result = m.exec(BUSYBOX, "sh", "-c", "echo nowhere > /proc/albireo/crash")
    m.matches(result.err, "(write error|can't create).*", "crashing where nothing is")
