"""What the suites of ./x test share: a Test, its Outcome, the Results."""
import sys
import threading
import time
import traceback


class Mismatch(Exception):
    """A test's expectation does not hold; the message shows expected and got."""


class Outcome:
    """One counted result: a name, and why it failed (None when it passed)."""

    def __init__(self, name, why=None):
        self.name = name
        self.why = why


class Test:
    """A named piece of work. `run()` returns a list of Outcomes, or None for one pass;
    raising Mismatch is one failure."""

    def __init__(self, name, run, is_parallel=False):
        self.name = name
        self.run = run
        self.is_parallel = is_parallel


class Results:
    """Counts outcomes and tells failures as they come."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.passed = 0
        self.failed = 0
        self.lock = threading.Lock()
        self.is_terminal = sys.stderr.isatty()

    def run(self, test):
        start = time.monotonic()
        try:
            outcomes = test.run() or [Outcome(test.name)]
        except Mismatch as mismatch:
            outcomes = [Outcome(test.name, str(mismatch))]
        except Exception:  # pylint: disable=broad-except; a broken test must not end the others
            outcomes = [Outcome(test.name, traceback.format_exc())]
        with self.lock:
            self.done += 1
            for outcome in outcomes:
                self.count(outcome)
            self.show(test, time.monotonic() - start)

    def count(self, outcome):
        if outcome.why is None:
            self.passed += 1
            return
        self.failed += 1
        if self.is_terminal:
            sys.stderr.write("\r\033[K")
        indented = "".join(f"    {line}\n" for line in outcome.why.rstrip("\n").split("\n"))
        sys.stdout.write(f"FAILED {outcome.name}\n{indented}")
        sys.stdout.flush()

    def show(self, test, seconds):
        if self.is_terminal:
            sys.stderr.write(f"\r\033[K[{self.done}/{self.total}] {test.name[:80]} ({seconds:.1f} s)")
            if self.done == self.total:
                sys.stderr.write("\r\033[K")
            sys.stderr.flush()
