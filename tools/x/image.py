"""`./x image FILE`: a disk that boots in plain QEMU with OVMF, or on a computer."""
import os
import sys

from x import build, volume
from x.common import EXIT_USAGE, Failure

HELP = """usage: ./x image [--bare] FILE
Writes a GPT disk image with an EFI system partition and a system volume. It boots by itself:
  qemu-system-x86_64 -machine q35 -m 512 -nic none -drive file=FILE,format=raw
    -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
with a login on its first serial port. --bare leaves the system volume out: what the boot
bundle has is all there is, and a root shell stands on the serial port.
"""


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    is_bare = argv[:1] == ["--bare"]
    files = argv[is_bare:]
    if len(files) != 1 or files[0].startswith("-"):
        raise Failure("image takes one file to write", EXIT_USAGE)
    build.ensure("release")
    volume.write_disk(os.path.abspath(files[0]), is_bare)
    return 0
