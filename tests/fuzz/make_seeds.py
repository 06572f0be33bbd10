#!/usr/bin/python3
"""Write first inputs for the fuzz targets: usage: make_seeds.py TARGET FOLDER.

They are small and valid, so that the fuzzer starts behind the magic numbers.
"""
import os
import struct
import sys

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS, PT_GNU_STACK = 1, 2, 3, 7, 0x6474E551
ET_EXEC, ET_DYN = 2, 3


def elf_file(kind, headers, phoff=64, size=0x200, extra=b""):
    """headers: (type, flags, offset, vaddr, filesz, memsz, align) each."""
    table = b"".join(struct.pack("<IIQQQQQQ", t, flags, offset, vaddr, vaddr, filesz, memsz, align)
                     for t, flags, offset, vaddr, filesz, memsz, align in headers)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", kind, 62, 1, 0x401000, phoff, 0, 0,
                         64, 56, len(headers), 0, 0, 0)
    data = bytearray(max(size, phoff + len(table)))
    data[:64] = header
    data[phoff:phoff + len(table)] = table
    return bytes(data) + extra


def elf():
    text = (PT_LOAD, 5, 0, 0x400000, 0x200, 0x200, 0x1000)
    data = (PT_LOAD, 6, 0x100, 0x402100, 0x80, 0x3000, 0x1000)
    interp = b"/lib64/ld-linux-x86-64.so.2\0"
    yield elf_file(ET_EXEC, [text, data, (PT_GNU_STACK, 6, 0, 0, 0, 0, 16), (PT_TLS, 4, 0x100, 0x402100, 8, 16, 8)])
    yield elf_file(ET_DYN, [(PT_INTERP, 4, 0x200, 0x200, len(interp), len(interp), 1),
                            (PT_LOAD, 5, 0, 0, 0x200, 0x200, 0x200000), (PT_DYNAMIC, 6, 0x80, 0x80, 16, 16, 8)],
                   extra=interp)
    yield elf_file(ET_EXEC, [text], phoff=0x300)
    yield elf_file(ET_EXEC, [text] * 20)
    yield b"#!/bin/sh\n"
    yield b"#! /usr/bin/env  python3 -u \nprint()\n"
    yield b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664) + bytes(64)


def cpio_entry(name, data=b"", mode=0o100755, name_bytes=0):
    name = name.encode() + b"\0"
    name += bytes(max(0, name_bytes - len(name)))
    fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    entry += bytes(-len(entry) % 4)
    return entry + data + bytes(-len(data) % 4)


def cpio():
    trailer = cpio_entry("TRAILER!!!")
    yield trailer
    yield cpio_entry("boot-manifest.tsv", b"a\tb\n") + cpio_entry("dir", mode=0o40755) + trailer
    yield cpio_entry("services/vfsd", b"\x7fELF" * 5, name_bytes=200) + bytes(64) + trailer


def fault_rules():
    yield b"alloc.frame=off\nblock.read=fail-after:50\n# later\np9.submit=rate:5\n"
    yield b"display.present=drop-every:10"
    yield b"console.write=delay-ms:250\nipc.call=fail\n"


def registry():
    yield (b"name=hid\tpath=/system/drivers/hid.ko\tpriority=10\tfallback_only=false\taliases=usb:1,usb:2\n"
           b"name=bootfb\tpath=\tpriority=18446744073709551615\tfallback_only=true\taliases=\n")
    yield b"# comment\n\nname=a\tname=b\nname\n"


def state():
    yield bytes([0, 31]) + bytes(range(64)) + bytes([0xFF]) + bytes(range(40)) + bytes([0xC5]) + bytes(range(40))
    yield bytes([0]) + bytes((7 * i) & 0xFF for i in range(400))
    yield bytes([1, 0x20, 0, 8, 0x30, 0, 16, 0, 0x10, 0xFF])


TARGETS = {"elf": elf, "cpio": cpio, "fault_rules": fault_rules, "registry": registry, "state": state}


def main(target, folder):
    os.makedirs(folder, exist_ok=True)
    for number, data in enumerate(TARGETS.get(target, lambda: ())()):
        with open(os.path.join(folder, f"seed-{number}"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
