"""Every text file: no trailing blanks, no conflict markers, a line end at its end."""
import re

from x.check.tree import Finding

TEXT_ENDINGS = (".c", ".h", ".S", ".def", ".py", ".build", ".txt", ".toml", ".md", ".ld", ".sh", ".ini", ".tsv")
MARKER = re.compile(r"^(?:<{7}|={7}|>{7})(?: |$)")


def findings(tree):
    for path in tree.files:
        if not path.endswith(TEXT_ENDINGS) and path != "x":
            continue
        text = tree.read(path)
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield Finding(path, number, "text", "blanks at the end of the line")
            if MARKER.match(line):
                yield Finding(path, number, "text", "a conflict marker")
        if text and not text.endswith("\n"):
            yield Finding(path, text.count("\n") + 1, "text", "no line end at the end of the file")
