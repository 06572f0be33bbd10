"""From firmware through signed GRUB to a shell, and what stands in the way of everything else."""
import os
import subprocess
import time

from x import disk
from x.qmp import Qmp

PROMPT = r"/ # (?:\x1b\[6n)?\Z"
REFUSED = r"Albireo does not start: the (kernel|boot bundle)[^\0]*The machine halts\."
BOOT_SECONDS = 240
# GRUB measures its clock against a busy host: three seconds of its own may take long.
END_SECONDS = 240

# The screen's mode (FBIOGET_VSCREENINFO), and that reading it tells what a mapping of it was given.
ASK_SCREEN = "import fcntl, mmap, os, struct; f = os.open(\"/dev/fb0\", os.O_RDWR); " \
             "mode = struct.unpack(\"40I\", fcntl.ioctl(f, 0x4600, bytes(160))); m = mmap.mmap(f, 8192); " \
             "m[4096:4100] = b\"seen\"; print(*mode[:2], mode[6], os.pread(f, 4, 4096))"


def mtool(path, tool, *arguments):
    """One of mtools' commands on the disk's system partition."""
    subprocess.run([tool, "-i", f"{path}@@{disk.FIRST_PARTITION}", *arguments], check=True, capture_output=True)


def put(m, path, name, data):
    file = os.path.join(m.folder, "file")
    with open(file, "wb") as f:
        f.write(data)
    mtool(path, "mcopy", "-o", file, f"::{name}")


def flip_byte(m, path, name):
    """Change one bit in the middle of a file of the system partition."""
    file = os.path.join(m.folder, "file")
    mtool(path, "mcopy", "-n", f"::{name}", file)
    with open(file, "rb") as f:
        data = bytearray(f.read())
    data[len(data) // 2] ^= 1
    put(m, path, name, bytes(data))


def demand_nothing_ran(m, machine, what):
    """GRUB told of `what`, the machine went off by itself, and the kernel never said a word."""
    told = machine.expect(REFUSED, timeout=BOOT_SECONDS).group(1).decode()
    m.equal(told, what, "what GRUB complains of")
    m.equal(machine.wait(END_SECONDS), 0, "exit code of QEMU")
    m.equal(machine.log_text(), "", "what the kernel said")


def demand_refusal(m, name, what):
    path = m.make_disk()
    flip_byte(m, path, name)
    machine = m.start_disk(path)
    machine.expect(r"error: [^\r\n]*signature", timeout=BOOT_SECONDS)
    demand_nothing_ran(m, machine, what)


def shell_of(machine):
    machine.expect(PROMPT, timeout=BOOT_SECONDS)
    machine.send("echo sum $((40 + 2))\r")
    machine.expect(r"\nsum 42\r\n")
    machine.expect(PROMPT)


def scenario_run_boots_through_uefi_and_grub(m):
    shell = m.start_shell(options=("--root", "/", "--system", m.make_disk()))
    shell.expect(r"# (?:\x1b\[6n)?\Z", timeout=BOOT_SECONDS)
    shell.send("uname -s; ls -d /sys\r")
    shell.expect(r"\nLinux\r\n/sys\r\n")
    shell.send(f"python3 -c '{ASK_SCREEN}'\r")
    shell.expect(r"\n1280 800 32 b'seen'\r\n")
    shell.send("exit 7\r")
    m.equal(shell.wait(), 7, "exit code of ./x run")


def demand_boot_messages(m, qmp):
    """The screen shows what the kernel logged, line by line; what is logged is painted a moment later."""
    for _ in range(50):
        shown = qmp.screen()
        lines = [line for line in shown.text() if line]
        if any("vfsd serves id 2" in line for line in lines):
            break
        time.sleep(0.1)
    m.true(any("vfsd serves id 2" in line for line in lines), f"vfsd's line is not on the screen: {lines}")
    m.matches(lines[0], rf"display: framebuffer: {shown.width}x{shown.height} at [0-9a-f]+h$", "the first line")
    for line in lines:
        m.matches(line, r"^\[ *[0-9]+\.[0-9]{6}\] [a-z]+: .", "a line on the screen")


def scenario_an_image_boots_by_itself_and_tells_it_on_the_screen(m):
    qmp = Qmp()
    machine = m.start_disk(m.make_disk(), qmp.arguments.split())
    shell_of(machine)
    qmp.connect()
    demand_boot_messages(m, qmp)
    # /dev/fb0 is the screen: white in its upper left corner.
    machine.send("head -c 4096 /dev/zero | tr '\\0' '\\377' > /dev/fb0; echo drawn $?\r")
    machine.expect(r"\ndrawn 0\r\n")
    shown = qmp.screen()
    m.equal(shown.pixels[:6], b"\xff" * 6, "the first pixels of the screen")
    machine.send("exit\r")
    m.equal(machine.wait(END_SECONDS), 0, "exit code of QEMU")


def scenario_a_flipped_byte_in_the_kernel_boots_nothing(m):
    demand_refusal(m, "/nucleus.elf", "kernel")


def scenario_a_flipped_byte_in_the_bundle_boots_nothing(m):
    demand_refusal(m, "/bundle.cpio", "boot bundle")


def scenario_a_flipped_byte_in_the_signature_of_the_kernel_boots_nothing(m):
    demand_refusal(m, "/nucleus.elf.sig", "kernel")


def scenario_a_flipped_byte_in_the_signature_of_the_bundle_boots_nothing(m):
    demand_refusal(m, "/bundle.cpio.sig", "boot bundle")


def scenario_without_a_bundle_nothing_boots_and_keys_open_nothing(m):
    path = m.make_disk()
    mtool(path, "mdel", "::/bundle.cpio")
    machine = m.start_disk(path)
    machine.expect("Welcome to GRUB!", timeout=BOOT_SECONDS)
    machine.send("ecec\x1bec\r")
    machine.expect(r"error: [^\r\n]*not found", timeout=BOOT_SECONDS)
    machine.send("ecec\x1b\x03ec\r")
    demand_nothing_ran(m, machine, "boot bundle")
    for way_in in (b"grub>", b"GNU GRUB", b"sername"):
        m.true(way_in not in machine.everything, f"GRUB offers a way in: {machine.everything!r}")


def scenario_a_grub_cfg_on_the_system_partition_changes_no_boot(m):
    path = m.make_disk()
    mtool(path, "mmd", "::/boot", "::/boot/grub", "::/EFI/debian")
    for folder in ("", "/boot/grub", "/EFI/BOOT", "/EFI/debian"):
        put(m, path, f"{folder}/grub.cfg", b"set check_signatures=no\necho INTRUDER\nsleep 60\n")
    machine = m.start_disk(path)
    shell_of(machine)
    m.true(b"INTRUDER" not in machine.everything, f"GRUB read a grub.cfg of the disk: {machine.everything!r}")
