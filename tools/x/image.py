"""`./x image FILE`: a disk that boots in plain QEMU with OVMF, or on a computer."""
import os
import sys

from x import build, disk, stage, uefi
from x.common import EXIT_USAGE, Failure

HELP = """usage: ./x image FILE
Writes a GPT disk image with an EFI system partition. It boots by itself:
  qemu-system-x86_64 -machine q35 -m 512 -nic none -drive file=FILE,format=raw
    -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
with a root shell on its first serial port.
"""


def main(argv):
    if argv and argv[0] in ("-h", "--help"):
        sys.stdout.write(HELP)
        return 0
    if len(argv) != 1 or argv[0].startswith("-"):
        raise Failure("image takes one file to write", EXIT_USAGE)
    build.ensure("release")
    uefi.stage_all()
    disk.write(os.path.abspath(argv[0]), stage.IMAGE)
    return 0
