"""Workloads that ./x test runs in a short form and ./x torture in their full length."""
import os


def race(m, seconds):
    """Names change on one thread while others look at them, on tmpfs and on the host's files.
    The program ends at the first look that Linux could not have given."""
    for folder in ("/tmp/race", os.path.join(m.folder, "race")):
        result = m.succeeds(m.program("lease-race"), str(seconds), folder, options=["--smp", "4"], timeout=seconds + 60)
        m.matches(result.out, r"^[1-9]\d* changes, [1-9]\d* looks, [1-9]\d* of them exact", f"race in {folder}")
