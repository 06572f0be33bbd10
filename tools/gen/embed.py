#!/usr/bin/python3
"""Make assembly that puts a file into the kernel, on pages of its own: embed.py SYMBOL FILE OUTPUT."""

import os
import sys


def main(argv):
    symbol, path, output = argv
    lines = ["/* Made by tools/gen/embed.py. */", '\t.section .rodata.pages,"a",@progbits', "\t.balign 4096",
             f"\t.globl {symbol}, {symbol}_end", f"{symbol}:", f'\t.incbin "{os.path.abspath(path)}"',
             "\t.balign 4096", f"{symbol}_end:", '\t.section .note.GNU-stack,"",@progbits', ""]
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
