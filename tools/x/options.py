"""Options of commands that start a machine. argparse would cost `exec` 20 ms."""
from x.common import Failure


class Option:
    """One option: its value's name in the help ("" for a flag), its help, and whether it repeats."""

    def __init__(self, metavar, text, repeats=False, choices=None):
        self.metavar = metavar
        self.text = text
        self.repeats = repeats
        self.choices = choices

    def empty(self):
        if self.repeats:
            return []
        return None if self.metavar else False


class Values:
    """Parsed options as attributes: --keep-log is `keep_log`."""


def attribute(name):
    return name[2:].replace("-", "_")


def parse(table, argv, command, code):
    """(Values, rest): options up to `--` or the first argument that is none."""
    values = Values()
    for name, option in table.items():
        setattr(values, attribute(name), option.empty())
    at = 0
    while at < len(argv) and argv[at].startswith("-") and argv[at] != "-":
        name, equals, value = argv[at].partition("=")
        at += 1
        if name == "--":
            break
        if name not in table:
            raise Failure(f"{command} knows no option '{name}'; ./x {command} --help lists them", code)
        option = table[name]
        if not option.metavar:
            if equals:
                raise Failure(f"{name} takes no value", code)
            setattr(values, attribute(name), True)
            continue
        if not equals:
            if at == len(argv):
                raise Failure(f"{name} needs a value", code)
            value = argv[at]
            at += 1
        if option.choices and value not in option.choices:
            raise Failure(f"{name} is one of {', '.join(option.choices)}, not '{value}'", code)
        if option.repeats:
            getattr(values, attribute(name)).append(value)
        else:
            setattr(values, attribute(name), value)
    return values, argv[at:]


def describe(table):
    """The help's lines, one or more an option."""
    lines = []
    for name, option in table.items():
        head = f"  {name} {option.metavar}".rstrip()
        texts = option.text.split("\n")
        lines.append(f"{head:26}{texts[0]}" if len(head) < 25 else f"{head}\n{'':26}{texts[0]}")
        lines += [f"{'':26}{text}" for text in texts[1:]]
    return "\n".join(lines) + "\n"
