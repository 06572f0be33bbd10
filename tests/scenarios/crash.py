"""A null write in the kernel: the report says where, whoever it was."""
CRASH_FILE = "opt/albireo/debug-crash"
MACHINE_FAILED = 125

# Place → functions of its backtrace, and the thread it happened in.
PLACES = {
    "syscall": (["crash_in_syscall", "compat_syscall"], "initd"),
    "interrupt": (["on_timer", "trap_dispatch"], ""),
    "kernel-thread": (["on_thread"], "crash"),
    "pager": (["on_page_in", "mm_object_page_get"], "initd"),
    "lease": (["on_lease_release", "lease_revoke"], "initd"),
    "ipc": (["on_notified", "ipc_sys_recv"], "procd"),
    "wait-queue": (["on_wake", "waitq_wake"], "initd"),
    "file": (["on_file_release", "file_release"], "initd"),
    "handle": (["on_object_release", "handle_close"], "initd"),
    "process-tree": (["on_process", "ps_for_each"], "initd"),
}


def report(m, place):
    result = m.exec("/bin/busybox", "true", options=["--qemu-args", f"-fw_cfg name={CRASH_FILE},string={place}"])
    m.equal(result.code, MACHINE_FAILED, f"exit code after a null write in '{place}'", result)
    return m.log_text(result)


def scenario_a_null_write_is_reported_with_its_place(m):
    for place, (functions, thread) in PLACES.items():
        log = report(m, place)
        m.matches(log, r"PANIC: page fault in ring 0 at 0, ", f"the panic of '{place}'")
        m.matches(log, rf"--- thread \d+ '{thread}", f"the thread of '{place}'")
        for function in functions:
            m.matches(log, rf"[0-9a-f]{{16}} {function}\+", f"the backtrace of '{place}'")


def scenario_a_service_that_faults_is_reported_and_started_again(m):
    result = m.shell("kill -SEGV 103; sleep 0.3; /bin/busybox true; exec /bin/busybox echo well", out=b"well\n")
    m.matches(m.log_text(result), "loaderd was killed by signal 11, starting it again", "the log")
