#!/usr/bin/python3 -IS
"""`./x exec` with an empty kernel and the stand-in for QEMU: run_fake.py BUILD_FOLDER ARGUMENTS."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from x import execute  # noqa: E402
from x.common import Failure, say  # noqa: E402

execute.BUILD = sys.argv[1]
execute.ensure_built = lambda values: None
os.environ["QEMU_BIN"] = os.path.join(HERE, "fake_qemu.py")
try:
    CODE = execute.main(sys.argv[2:])
except Failure as failure:
    say(str(failure))
    CODE = failure.code
sys.stdout.flush()
os._exit(CODE)
