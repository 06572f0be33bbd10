#!/usr/bin/python3
"""The kernel's own symbol table, for backtraces.

  ksyms.py --empty OUTPUT.S         a table without symbols, for the first link
  ksyms.py ELF OUTPUT.S             the table of ELF's code symbols, for the second
  ksyms.py --check ELF FINAL_ELF    fails if a code symbol moved between the links

Only code symbols are listed, so the table's own size moves nothing that it
names as long as the linker script places .text before .rodata. Symbols defined:
  ksyms_count      u64
  ksyms_addresses  u64[ksyms_count], ascending
  ksyms_offsets    u32[ksyms_count], into ksyms_names
  ksyms_names      NUL-terminated strings
"""
import subprocess
import sys


def code_symbols(elf):
    """[(address, name)] of the code symbols, one name an address, ascending."""
    output = subprocess.run(["nm", "-n", "--defined-only", elf], check=True, capture_output=True, text=True).stdout
    symbols = {}
    for line in output.splitlines():
        address, kind, name = line.split(maxsplit=2)
        if kind not in "tTwW" or name.startswith(".L"):
            continue
        address = int(address, 16)
        # Of several names for one address, a global one says more.
        if address not in symbols or kind == "T":
            symbols[address] = name
    return sorted(symbols.items())


def assembly(symbols):
    lines = ["/* Made by tools/gen/ksyms.py. */", '\t.section .rodata.ksyms,"a",@progbits', "\t.balign 8",
             "\t.globl ksyms_count, ksyms_addresses, ksyms_offsets, ksyms_names",
             "ksyms_count:", f"\t.quad {len(symbols)}", "ksyms_addresses:"]
    lines += [f"\t.quad {address:#x}" for address, _ in symbols]
    lines.append("ksyms_offsets:")
    offset = 0
    for _, name in symbols:
        lines.append(f"\t.long {offset}")
        offset += len(name) + 1
    lines.append("ksyms_names:")
    lines += [f'\t.asciz "{name}"' for _, name in symbols]
    lines += ["\t.byte 0", '\t.section .note.GNU-stack,"",@progbits', ""]
    return "\n".join(lines)


def main(argv):
    if argv[:1] == ["--check"]:
        if code_symbols(argv[1]) != code_symbols(argv[2]):
            print(f"{argv[2]}: code moved between the two links; its symbol table is wrong", file=sys.stderr)
            return 1
        return 0
    symbols = [] if argv[0] == "--empty" else code_symbols(argv[0])
    with open(argv[1], "w", encoding="ascii") as f:
        f.write(assembly(symbols))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
