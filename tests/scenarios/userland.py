"""The system volume: Debian's userland behind a login, and what is written there stays."""
import os
import re

from x.probe import Probe
from x.qmp import Qmp
from x.testing import volumes

BOOT_SECONDS = 240
LOGIN_SECONDS = 60
END_SECONDS = 120
PASSWORD = "albireo"


def log_in(machine, user, timeout=LOGIN_SECONDS):
    """Log in at the prompt that comes next."""
    machine.expect(r"login: \Z", timeout)
    machine.send(f"{user}\r")
    machine.expect(r"Password: \Z", LOGIN_SECONDS)
    machine.send(f"{PASSWORD}\r")
    demand_prompt(machine, user)


def demand_prompt(machine, user):
    sign = "#" if user == "root" else r"\$"
    machine.expect(rf"{user}@albireo:[^\r\n]*{sign} \Z", LOGIN_SECONDS)


def say(machine, user, command, answer):
    machine.send(f"{command}\r")
    machine.expect(rf"\n(?:\x1b\[\?2004l\r)?{answer}\r\n", LOGIN_SECONDS)
    demand_prompt(machine, user)


def scenario_what_is_written_on_the_system_volume_is_there_after_a_reboot(m):
    path = os.path.join(m.folder, "system.img")
    qmp = Qmp()
    machine = m.start_shell(options=("--system", path, "--qemu-args", qmp.arguments))
    log_in(machine, "albireo", BOOT_SECONDS)
    qmp.connect()
    Probe(qmp).until(r"^Albireo .*, console 1$(?s:.*)login:$")
    say(machine, "albireo", "id -un; tty", r"albireo\r\n/dev/\S+")
    say(machine, "albireo", "python3 -c 'print(6 * 7)'", "42")
    say(machine, "albireo", "cmd.exe /c echo a word of Windows", r"a word of Windows\r*")
    say(machine, "albireo", "echo kept > kept; ls -l kept", r"-rw-r--r-- 1 albireo albireo 5 [^\r\n]*")
    machine.send("su -c /sbin/reboot\r")
    machine.expect(r"Password: \Z", LOGIN_SECONDS)
    machine.send(f"{PASSWORD}\r")
    log_in(machine, "albireo", BOOT_SECONDS)
    say(machine, "albireo", "cat kept", "kept")
    machine.send("exit\r")
    log_in(machine, "root")
    machine.send("poweroff\r")
    m.equal(machine.wait(END_SECONDS), 0, "exit code of ./x run")
    volumes.system_volume_check(m, path)


def scenario_an_image_boots_by_itself_to_a_login(m):
    path = m.make_disk(options=())
    machine = m.start_disk(path)
    log_in(machine, "root", BOOT_SECONDS)
    say(machine, "root", "findmnt -no FSTYPE /; cat /etc/hostname", r"ext4\r\nalbireo")
    machine.send("poweroff\r")
    m.equal(machine.wait(END_SECONDS), 0, "exit code of QEMU")
    m.true(re.search("power off", machine.log_text()), "the machine goes off in order")
    volumes.system_volume_check(m, path)
