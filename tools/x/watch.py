"""What a run does with the machine's log while it grows: copy it, wait for markers; and a summary of it afterwards."""
import os
import re

from x.relay import End

# Lines that tell how far a machine came, beside all that are worse than info.
MILESTONES = re.compile(r'msg="(framebuffer: |\d+ CPUs run|\S+ serves id |boot bundle: |runtimed: ready|the system volume is |\S+: given up|end )')
WORSE = re.compile(r"^seq=\d+ .*? lvl=(warn|error|fatal) |^=== PANIC: ")
MAX_SUMMARY_LINES = 200


class Watch:
    """Called every now and then while the machine runs; returns an End once every marker was in the log."""

    def __init__(self, path, is_strace=False, is_copied=False, markers=()):
        self.path = path
        self.file = None
        self.part = b""
        self.is_strace = is_strace
        self.is_copied = is_copied
        self.has_markers = bool(markers)
        self.missing = [os.fsencode(marker) for marker in markers]

    def new_lines(self):
        if self.file is None:
            if not os.path.exists(self.path):
                return []
            self.file = open(self.path, "rb")
        *lines, self.part = (self.part + self.file.read()).split(b"\n")
        return lines

    def copied(self, line):
        """What of a line goes to standard error."""
        if self.is_copied:
            return line + b"\n"
        return line[8:] + b"\n" if self.is_strace and line.startswith(b"strace: ") else b""

    def __call__(self):
        lines = self.new_lines()
        text = b"".join(map(self.copied, lines))
        if text:
            os.write(2, text)
        for line in lines:
            self.missing = [marker for marker in self.missing if marker not in line]
        return End("expected") if self.has_markers and not self.missing else None

    def judge(self, end):
        """The machine has ended so: with what its log holds now, the End that counts."""
        verdict = self()
        if self.file:
            self.file.close()
        if not self.has_markers or verdict:
            return verdict or end
        return End("failed", text=f"its log never had '{os.fsdecode(self.missing[0])}'")


def summary(text):
    """The lines of a log that tell most: milestones, and what is worse than info."""
    found = [line for line in text.split("\n") if WORSE.search(line) or MILESTONES.search(line)]
    left_out = len(found) - MAX_SUMMARY_LINES
    return found[:MAX_SUMMARY_LINES] + ([f"... and {left_out} more"] if left_out > 0 else [])
