"""sessiond on the real screen, with the real keyboard: what somebody who sits before the machine sees and types."""
import os
import re

from x.probe import Probe
from x.qmp import Qmp

BOOT_SECONDS = 240
SESSIOND = "/system/services/sessiond/sessiond.elf"
USERS = {"passwd": "root:x:0:0:root:/root:/bin/sh\n", "shadow": "root::19000::::::\n", "group": "root:x:0:\ntty:x:5:\n"}


def write_users(m):
    """An /etc with a root who needs no password; returns its path."""
    folder = os.path.join(m.folder, "etc")
    os.mkdir(folder)
    for name, text in USERS.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(text)
    return folder


def start(m, command):
    """A machine in which `command` runs in the background; returns (its shell, a Probe of its screen)."""
    qmp = Qmp()
    shell = m.start_shell(options=("--root", "/", "--system", m.make_disk(), "--bind", f"{write_users(m)}:/etc:ro",
                                   "--qemu-args", qmp.arguments))
    shell.expect(r"# (?:\x1b\[6n)?\Z", timeout=BOOT_SECONDS)
    qmp.connect()
    shell.send(f"{command} &\r")
    return shell, Probe(qmp)


def scenario_the_screen_shows_a_login_and_keys_log_in(m):
    shell, probe = start(m, f"{SESSIOND} --login /system/bin/busybox login")
    probe.until(r"^Albireo .*, console 1$(?s:.*)login:$")
    probe.demand_mode(shell.log_text())
    m.true(not re.search(r"^\[ *\d+\.\d+\]", probe.text(), re.M), "the kernel's log still stands on the screen")
    probe.type("root\n")
    probe.until(r"[#$]$")
    probe.type("echo $((6 * 7))nd UP\n")
    probe.until(r"^42nd UP$")
    probe.qmp.press("alt", "f2")
    probe.until(r"^Albireo .*, console 2$(?s:.*)login:$")
    probe.qmp.press("ctrl", "alt", "f1")
    probe.until(r"^42nd UP$")
    probe.qmp.press("ctrl", "d")
    text = probe.until(r"\A\s*Albireo .*, console 1$(?s:.*)login:$").string
    m.true("42nd" not in text, f"what the last user read stands there still:\n{text}")


def scenario_a_panic_takes_the_screen_back(m):
    # Plain QEMU: the machine of ./x run is gone with its panic.
    qmp = Qmp()
    machine = m.start_disk(m.make_disk(), qmp.arguments.split())
    machine.expect(r"# (?:\x1b\[6n)?\Z", timeout=BOOT_SECONDS)
    qmp.connect()
    probe = Probe(qmp)
    machine.send(f"{SESSIOND} /system/bin/busybox sh &\r")
    probe.until(r"^/ #$")
    probe.type("echo syscall > /proc/albireo/crash\n")
    probe.until(r"PANIC: page fault in ring 0 at 0")
