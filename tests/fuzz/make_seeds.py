#!/usr/bin/python3
"""Write first inputs for the fuzz targets: usage: make_seeds.py TARGET FOLDER.

They are small and valid, so that the fuzzer starts behind the magic numbers.
"""
import os
import struct
import subprocess
import sys
import tempfile

import message_seeds

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


PE_SYSCALL = bytes.fromhex("4c8bd1b834120000f604250803fe7f0175030f05c3cd2ec3")


def pe_headers(sections, directories, flags, alignment):
    """sections: (name, virtual size, rva, raw size, raw offset, characteristics) each."""
    end = max(rva + -(-size // 4096) * 4096 for _, size, rva, _, _, _ in sections)
    optional = struct.pack("<HBBIIIIIQIIHHHHHHIIIIHHQQQQII", 0x20B, 14, 0, 0x200, 0, 0, 0x1010, 0x1000, 0x180000000,
                           alignment[0], alignment[1], 6, 0, 0, 0, 6, 0, 0, end, 0x400, 0, 3, 0x160,
                           1 << 20, 4096, 1 << 20, 4096, 0, 16)
    table = b"".join(struct.pack("<II", *directories.get(i, (0, 0))) for i in range(16))
    header = struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional) + len(table), flags)
    listed = b"".join(struct.pack("<8sIIIIIIHHI", name, size, rva, raw_size, raw, 0, 0, 0, 0, characteristics)
                      for name, size, rva, raw_size, raw, characteristics in sections)
    return b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + header + optional + table + listed


def pe_tables():
    """What a DLL's data section holds at RVA 2000h, and the directories that say so."""
    data = bytearray(0x400)

    def put(at, data_format, *values):
        struct.pack_into("<" + data_format, data, at, *values)

    put(0, "IIHHIIIIIII", 0, 0, 0, 0, 0x2070, 1, 2, 2, 0x2028, 0x2030, 0x2038)
    put(0x28, "IIIIHH", 0x1000, 0x2060, 0x2040, 0x2050, 0, 1)
    for at, name in ((0x40, b"NtClose"), (0x50, b"NtOther"), (0x60, b"ntdll.Other"), (0x70, b"seed.dll")):
        data[at:at + len(name)] = name
    put(0x80, "IIIII", 0, 0, 0, 0x2070, 0x20C0)
    put(0xD0, "IIIIIIII", 1, 0x2070, 0, 0x20C0, 0x20C0, 0, 0, 0)
    put(0x110, "IIHHHH", 0x2000, 16, 0xA0C0, 0xA130, 0xA138, 0)
    put(0x130, "QQQQII", 0x180002200, 0x180002210, 0x180002220, 0, 0, 0)
    put(0x160, "I84xQ48xI", 148, 0x180002230, 0x500)
    return data, {0: (0x2000, 0x80), 1: (0x2080, 40), 5: (0x2110, 16), 9: (0x2130, 40), 10: (0x2160, 148),
                  13: (0x20D0, 64)}


def pe_file(headers, *parts):
    """parts: (offset, bytes) each."""
    data = bytearray(max(offset + len(part) for offset, part in parts))
    data[:len(headers)] = headers
    for offset, part in parts:
        data[offset:offset + len(part)] = part
    return bytes(data)


def pe():
    data, directories = pe_tables()
    code = PE_SYSCALL.ljust(0x200, b"\xcc")
    text = (b".text", 0x200, 0x1000, 0x200, 0x400, 0x60000020)
    yield pe_file(pe_headers([text, (b".data", 0x1000, 0x2000, 0x400, 0x600, 0xC0000040),
                              (b".bss", 0x100, 0x3000, 0, 0, 0xC0000080)], directories, 0x2022, (0x1000, 0x200)),
                  (0x400, code), (0x600, data))
    text = (b".text", 0x200, 0x1000, 0x1000, 0x1000, 0x60000020)
    yield pe_file(pe_headers([text, (b".data", 0x300, 0x2000, 0x400, 0x2000, 0xC0000040)], directories, 0x22,
                             (0x1000, 0x1000)), (0x1000, code), (0x2000, data))
    flat = (b".flat", 0x2400, 0x400, 0x2000, 0x400, 0xE0000020)
    yield pe_file(pe_headers([flat], directories, 0x22, (0x20, 0x20)), (0x1000, code), (0x2000, data))
    yield b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x14C) + bytes(300)


def runtime_request():
    for operation, argument, text in ((1, 0, b""), (2, 0, b"shell.desktop"), (3, 0, b"/bin/busybox"), (4, 7, b""),
                                      (5, 1234, b""), (6, 0, b"")):
        yield struct.pack("<IIIIQ1024s", 0x71727472, 1, operation, 0, argument, text)
    yield struct.pack("<IIIIQ", 0x71727472, 2, 1, 0, 0)


def module():
    """A relocatable file with code, data, a relocation of each kind, and symbols."""
    names = b"\0.text\0.data\0.bss\0.modinfo\0.rela.text\0.symtab\0.strtab\0"
    strings = b"\0init\0drv_log\0value\0"
    relocations = b"".join(struct.pack("<QQq", 4 * i, symbol << 32 | kind, -4)
                           for i, (symbol, kind) in enumerate([(1, 1), (2, 4), (3, 2), (3, 11), (0, 0), (3, 24)]))
    symbols = bytes(24) + b"".join(struct.pack("<IBBHQQ", strings.index(name), info, 0, section, value, 0)
                                   for name, info, section, value in [(b"init", 2, 1, 0), (b"drv_log", 16, 0, 0),
                                                                      (b"value", 1, 2, 8)])
    sections = [(b"", 0, 0, b"", 0, 0, 0), (b".text", 1, 6, bytes(64), 0, 0, 16), (b".data", 1, 3, bytes(32), 0, 0, 8),
                (b".bss", 8, 3, b"", 0, 0, 64), (b".modinfo", 1, 2, b"name=m\0api=1\0license=MIT\0", 0, 0, 1),
                (b".rela.text", 4, 64, relocations, 6, 1, 8), (b".symtab", 2, 0, symbols, 7, 1, 8),
                (b".strtab", 3, 0, strings, 0, 0, 1), (b"", 3, 0, names, 0, 0, 1)]
    data, headers = b"", b""
    for name, kind, flags, content, link, info, align in sections:
        headers += struct.pack("<IIQQQQIIQQ", names.index(name + b"\0"), kind, flags, 0, 64 + len(data),
                               100 if kind == 8 else len(content), link, info, align, 0)
        data += content + bytes(-len(content) % 8)
    yield struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 1, 62, 1, 0, 0, 64 + len(data), 0, 64, 0, 0, 64,
                      len(sections), len(sections) - 1) + data + headers


def fat_volume(options, kib, files):
    """A volume up to its last byte that is not zero."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "disk")
        tools = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin", LC_ALL="C.UTF-8", MTOOLS_SKIP_CHECK="1")
        subprocess.run(["mkfs.fat", *options, "-C", path, str(kib)], check=True, env=tools, capture_output=True)
        subprocess.run(["mmd", "-i", path, "::/Folder"], check=True, env=tools)
        for name, data in files:
            subprocess.run(["mcopy", "-i", path, "-", "::" + name], check=True, env=tools, input=data)
        with open(path, "rb") as f:
            return f.read().rstrip(b"\0")


def fat():
    files = [("/short.txt", b"one\n"), ("/A rather long name.text", b"two" * 1000), ("/Folder/inside", b"three")]
    yield fat_volume(["-F", "12", "-r", "32"], 160, files)
    yield fat_volume(["-F", "12", "-s", "2", "-r", "32", "-n", "LABEL"], 160, files[:1])
    yield fat_volume(["-F", "16", "-s", "1", "-r", "16"], 2048 + 512, files)
    data = bytearray(fat_volume(["-F", "12", "-r", "32"], 160, files))
    struct.pack_into("<H", data, 512 + 3, 0x0034)
    yield bytes(data)


EXT4_BLOCK_BYTES = 1024
EXT4_FILES = ["mkdir -p dir/below many", "echo text > dir/file", "ln -s file dir/link",
              "ln -s $(printf '%0100d' 1) dir/long", "for i in $(seq 60); do ln dir/file many/a-name-that-takes-some-room-$i; done",
              "truncate -s 200K sparse", "echo end >> sparse", "mkfifo fifo"]


def ext4_image(folder, options, *commands):
    """The bytes of a small disk that mkfs.ext4 made from `folder`, after more commands with it as $image."""
    with tempfile.NamedTemporaryFile() as image:
        image.truncate(4096 * EXT4_BLOCK_BYTES)
        environment = {**os.environ, "PATH": os.environ["PATH"] + ":/sbin:/usr/sbin", "image": image.name}
        fixed = "-U 01234567-89ab-cdef-0123-456789abcdef -E hash_seed=01234567-89ab-cdef-0123-456789abcdef"
        subprocess.run(f"mkfs.ext4 -q -F -b 1024 -N 96 -J size=1 {fixed} {options} -d {folder} $image", shell=True,
                       env=environment, check=True)
        for command in ("debugfs -w -R 'rmdir lost+found' $image", *commands):
            # e2fsck says by its exit code that it changed something.
            subprocess.run(command, shell=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           check=False)
        return image.read()


def ext4_records(choices, image):
    """As fuzz_ext4.c has it: blocks without the zeroes at their ends."""
    records = bytes([choices])
    for number in range(len(image) // EXT4_BLOCK_BYTES):
        block = image[number * EXT4_BLOCK_BYTES:(number + 1) * EXT4_BLOCK_BYTES].rstrip(b"\0")
        if block:
            records += struct.pack("<HH", number, len(block)) + block
    return records


def ext4():
    journal = "printf 'jo\njw -b 900,901 /dev/zero\njw -r 900\njc\n' | debugfs -w $image"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as empty:
        subprocess.run("; ".join(EXT4_FILES), shell=True, cwd=folder, check=True)
        for options in ("-O ^metadata_csum,^resize_inode", "-O ^resize_inode", "-O ^metadata_csum,^64bit"):
            yield ext4_records(0, ext4_image(folder, options, "e2fsck -fyD $image"))
            yield ext4_records(0, ext4_image(empty, options))
            yield ext4_records(1, ext4_image(empty, options, journal))
            yield ext4_records(2, ext4_image(empty, options, journal))


def mbr_sector(entries, boot=0):
    table = b"".join(struct.pack("<BxxxBxxxII", boot, kind, start, count) for kind, start, count in entries)
    return bytes(446) + table.ljust(64, b"\0") + b"\x55\xaa"


def partition():
    """A byte of flags, then the disk's start: an MBR, one with a chain, and a GPT whose checksums are put right."""
    yield b"\0" + mbr_sector([(0x83, 1, 100), (0x0C, 200, 300)], 0x80)
    chain = mbr_sector([(0x83, 1, 2), (0x05, 3, 20)]) + bytes(1024) + mbr_sector([(0x83, 1, 1), (0x05, 4, 9)])
    yield b"\0" + chain + bytes(1536) + mbr_sector([(0x82, 1, 5), (0x05, 4, 9)])
    header = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, 1, 2047, 34, 2014, b"\7" * 16, 2, 128,
                         128, 0)
    entry = b"".join(struct.pack("<16s16sQQQ72s", b"\1" * 16, bytes([i]) * 16, 40 + 10 * i, 45 + 10 * i, 0,
                                 "disk\u20ac".encode("utf-16-le")) for i in range(3))
    yield b"\4" + mbr_sector([(0xEE, 1, 0xFFFFFFFF)]) + header.ljust(512, b"\0") + entry


def multiboot2():
    """One tag of each kind that is taken."""
    def tag(kind, body):
        return struct.pack("<II", kind, len(body) + 8) + body + bytes(-len(body) % 8)
    memory = struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", at << 20, 1 << 20, kind, 0)
                                                  for at, kind in [(1, 1), (2, 2), (3, 3)])
    screen = struct.pack("<QIIIBBH6B", 0xc0000000, 5120, 1280, 800, 32, 1, 0, 16, 8, 8, 8, 0, 8)
    tags = tag(1, b"quiet\0") + tag(3, struct.pack("<III", 0x200000, 0x300000, 0)) + tag(6, memory) + tag(8, screen) + \
        tag(14, b"RSD PTR old".ljust(20)) + tag(15, b"RSD PTR new".ljust(36)) + tag(0, b"")
    yield struct.pack("<II", 8 + len(tags), 0) + tags


def console():
    font = struct.pack("<HBB", 0x0436, 0, 8) + bytes(256 * 8)
    for text in (b"hello\r\n\xc3\xa9\x1b[31;1mred\x1b[0m\n" * 20, b"\x1b[2;5r\x1b[3;1H\n\n\x1b[M\x1b[L\x1b[10@\x1b[?1049h\x1b[2J",
                 b"\xe4\xb8\xad\x1b[99999;99999H\x1b[?25l\x1b[6n\x1b]0;title\x07\x1b#6wide"):
        yield struct.pack("<H", len(font)) + font + text


def manifest():
    digest = b"00112233445566778899aabbccddeeff" * 2
    yield (b"vfsd\tservices/vfsd/vfsd.elf\t" + digest + b"\t3\t2,5\tVFS_POLICY,LAUNCHER\t102\t4\tboot\n"
           b"initd\tservices/initd/initd.elf\t" + digest + b"\t100\t-\t-\t-\t9\tdemand\n")


def sums():
    digest = b"00112233445566778899aabbccddeeff" * 2
    yield b"a\t" + digest + b"\t5\nservices/vfsd.elf\t" + digest + b"\t18446744073709551615\n"


def alias():
    yield b"pci:vendor=0x8086;class=0x0106\npci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01"
    yield b"virtio:id=18;vendor=1\nvirtio:d00000012v00001AF4"
    yield b"pci:v*d*sv*sd*bc01sc0?i*\npci:v00001AF4d00001041sv00001AF4sd00001100bc02sc00i00"


def exec_request():
    words = ["albireo-exec", "1", "arg=/bin/ls", "arg=-l", "env=A=b", "cwd=/tmp", "uid=1000", "gid=100", "groups=1,2,3",
             "umask=022", "id=abcdef", "time=1700000000.123456789", "host=name", "tty=1", "rows=24", "cols=80",
             "mount=host:ro:/", "mount=cwd:rw:/work/a:b", "mode=run", "strace=1", "home=tmpfs"]
    yield "".join(word + "\0" for word in words).encode()
    lines = b"winsize 24 80\nsignal 15\neof 12345678901\nclosed stdout\nclosed stderr\nack\nother\n"
    yield b"\1" + b"".join(bytes([len(lines[i:i + 9])]) + lines[i:i + 9] for i in range(0, len(lines), 9))
    yield b"\1" + (b"\xff" + b"x" * 255) * 4 + b"\5\nack\n"


def runtime_registries():
    yield (b"\0id=login\texec=/bin/login\tstartup=session\tstarted_by=runtimed\trestart=always\tready=notify\tlimit=5\t"
           b"window_seconds=60\tready_seconds=10\tstop_seconds=5\truntime_deps=a,b\targs=-x,y\tenv=K=v\n")
    yield (b"\1id=shell.desktop\tdisplay_name=Shell\texec=/bin/sh\tweight_micros=5\tlogical_admin=true\t"
           b"console_hosted=false\targs=-c,true\tenv=A=b\n")
    yield b"\2scope=init\tkey=PATH\tvalue=/bin\nscope=runtime\tkey=LANG\tvalue=C.UTF-8\n"


def keys():
    for layout in range(3):
        yield bytes([layout]) + b"".join(struct.pack("<HB", code, value) for code in (42, 30, 29, 46, 56, 59, 58, 31, 103, 28) for value in (1, 2, 0))


TARGETS = {"ext4": ext4, "fat": fat, "partition": partition, "elf": elf, "module": module, "pe": pe, "cpio": cpio,
           "fault_rules": fault_rules, "registry": registry, "state": state, "runtime_request": runtime_request, "console": console,
           "multiboot2": multiboot2, "manifest": manifest, "sums": sums, "alias": alias, "exec_request": exec_request,
           "runtime_registries": runtime_registries, "keys": keys, **message_seeds.ALL}


def main(target, folder):
    os.makedirs(folder, exist_ok=True)
    for number, data in enumerate(TARGETS.get(target, lambda: ())()):
        with open(os.path.join(folder, f"seed-{number}"), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
