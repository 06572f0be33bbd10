"""Each check of debug builds finds the fault that is made for it on purpose."""
from x.common import IS_DEBUG

FAULT_FILE = "opt/albireo/debug-crash"


def log_after(m, place, *program, options=()):
    """The log of a machine with checks after a fault in `place`, with which it goes on."""
    m.provokes_reports = True
    result = m.exec(*program, options=[*options, "--debug-kernel", "--qemu-args", f"-fw_cfg name={FAULT_FILE},string={place}"])
    m.equal(result.code, 0, f"exit code after a fault in '{place}'", result)
    return m.log_text(result)


def scenario_an_object_that_nobody_holds_is_told_of_at_the_end(m):
    m.matches(log_after(m, "leak", "/bin/busybox", "true"), r"=== CHECK: leak: 1 of 'eventfd' are left, and 0 are accounted for",
              "the log")


def scenario_a_kernel_stack_that_is_nearly_used_up_is_told_of(m):
    m.matches(log_after(m, "stack", "/bin/busybox", "true"), r"=== CHECK: stack: '\w+' left 1?\d{1,3} of 16384 bytes", "the log")


def scenario_a_service_that_writes_to_freed_memory_is_ended_with_a_report(m):
    log = log_after(m, "heap-loaderd", "/bin/busybox", "sh", "-c", "/bin/busybox sleep 0.5; exec /usr/bin/env true")
    if IS_DEBUG:
        m.matches(log, "=== CHECK: heap: a block of 64 bytes at 0x[0-9a-f]+ was written after it was freed", "the log")
        m.matches(log, "loaderd was killed by signal 4, starting it again", "the log")
