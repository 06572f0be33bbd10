"""Four processors: shared fairly, and nothing left behind by what ran on them."""
from x.testing import workloads


def scenario_busy_processes_share_four_processors(m):
    workloads.share_processors(m, seconds=3)


def scenario_fork_exec_and_wait_leave_nothing_behind(m):
    workloads.fork_and_exec(m, times=50)


def scenario_the_clock_goes_right_however_busy_the_host(m):
    # QEMU's APIC timer counts nanoseconds, and was measured as the TSC was.
    result = m.shell("true")
    found = m.matches(m.log_text(result), r"clock: TSC \d+ kHz, APIC timer (\d+) kHz", "log")
    m.true(abs(int(found.group(1)) - 1000000) < 3000, f"expected 1000000 kHz\ngot {found.group(1)}")
