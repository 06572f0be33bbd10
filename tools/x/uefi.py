"""What UEFI starts: GRUB with our public key in it, signatures, and the EFI system partition that holds them.

Signatures are checked before anything of ours runs; boot/grub.cfg says what then happens.
"""
import hashlib
import os
import re
import shlex
import subprocess
import tempfile

from x import disk, stage
from x.build import Lock
from x.common import BUILD, ROOT, Failure, write_if_changed
from x.machine import quoted
from x.signing import Signer

PARTITION = os.path.join(BUILD, "esp.img")
NOTE = os.path.join(BUILD, "stamp-uefi")
CONFIG = os.path.join(ROOT, "boot", "grub.cfg")
LOADER = "EFI/BOOT/BOOTX64.EFI"
KERNEL = "nucleus.elf"
BUNDLE = "bundle.cpio"
NUCLEUS = os.path.join(BUILD, "kernel", "kernel", "nucleus.elf")

# What boot/grub.cfg and its verification use; nothing else is in the loader.
MODULES = ("part_gpt", "fat", "memdisk", "tar", "normal", "pgp", "gcry_rsa", "gcry_dsa", "gcry_sha1", "gcry_sha256",
           "gcry_sha512", "multiboot2", "video", "efi_gop", "echo", "regexp", "true", "sleep", "halt")
# Names that change what is made.
VARIABLES = ("ALBIREO_GRUB_PUBKEY", "ALBIREO_GRUB_SIGNING_KEY", "ALBIREO_GPG_HOME", "ALBIREO_GRUB_SBAT",
             "ALBIREO_GRUB_MODULES", "GRUB_MKSTANDALONE", "GRUB_FILE")

# The firmware: code, and the variables that a machine gets a copy of.
FIRMWARE = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")


def firmware():
    """(code, variables or None) of the firmware; OVMF_PATH names another one."""
    code = os.environ.get("OVMF_PATH")
    pair = (code, None) if code else FIRMWARE
    for path in pair:
        if path and not os.path.isfile(path):
            raise Failure(f"there is no firmware {path}")
    return pair


def firmware_args():
    """QEMU's arguments for the firmware; its variables are forgotten with the machine."""
    code, variables = firmware()
    args = ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={quoted(code)}"]
    if variables:
        args += ["-drive", f"if=pflash,unit=1,format=raw,snapshot=on,file={quoted(variables)}"]
    return args


def machine_args(console):
    """QEMU's arguments in the place of -kernel: firmware and screen; the firmware's console,
    which GRUB writes to as well, goes to the file `console`."""
    return [*firmware_args(), "-device", "VGA", "-serial", f"file:{quoted(console)}"]


def refusal(console):
    """What boot/grub.cfg said when it did not boot; empty when it did."""
    try:
        text = stage.read(console).decode("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(r"Albireo does not start: [^.]*", re.sub(r"[\r\n]+", "", text))
    return found.group() if found else ""


def run_tool(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        raise Failure(f"{command[0]} failed: {(result.stderr or result.stdout).strip()}")


def make_loader(signer, path):
    """GRUB as one EFI program: modules, public key, configuration and its signature."""
    modules = shlex.split(os.environ.get("ALBIREO_GRUB_MODULES", "")) or MODULES
    sbat = os.environ.get("ALBIREO_GRUB_SBAT")
    with tempfile.TemporaryDirectory(prefix="albireo-grub-") as folder:
        signature = os.path.join(folder, "grub.cfg.sig")
        write_if_changed(signature, signer.sign(CONFIG))
        fresh = os.path.join(folder, "grub.efi")
        run_tool([os.environ.get("GRUB_MKSTANDALONE", "grub-mkstandalone"), "--format=x86_64-efi", f"--output={fresh}",
                  f"--pubkey={signer.public_key}", f"--modules={' '.join(modules)}", "--install-modules=", "--fonts=",
                  "--locales=", "--themes=", *([f"--sbat={sbat}"] if sbat else []),
                  f"boot/grub/grub.cfg={CONFIG}", f"boot/grub/grub.cfg.sig={signature}"])
        write_if_changed(path, stage.read(fresh))


def stripped_kernel(path):
    """The kernel without what only a debugger reads: GRUB hashes every byte."""
    fresh = f"{path}.new"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    run_tool(["objcopy", "--strip-all", NUCLEUS, fresh])
    os.replace(fresh, path)
    run_tool([os.environ.get("GRUB_FILE", "grub-file"), "--is-x86-multiboot2", path])


def digest(*paths):
    state = hashlib.sha256()
    for path in paths:
        state.update(stage.read(path))
    for name in VARIABLES:
        state.update(f"{name}={os.environ.get(name, '')}\n".encode())
    return state.hexdigest()


def is_fresh(note, made):
    try:
        with open(NOTE, encoding="ascii") as f:
            return f.read() == note and all(map(os.path.isfile, made))
    except FileNotFoundError:
        return False


def stage_all():
    """Bring build/image and PARTITION up to date with what is built."""
    kernel, bundle = os.path.join(stage.IMAGE, KERNEL), os.path.join(stage.IMAGE, BUNDLE)
    loader = os.path.join(stage.IMAGE, LOADER)
    with Lock():
        note = digest(NUCLEUS, stage.RUN_BUNDLE, CONFIG, os.path.abspath(__file__), disk.__file__)
        if is_fresh(note, (kernel, bundle, loader, PARTITION, f"{kernel}.sig", f"{bundle}.sig")):
            return
        stripped_kernel(kernel)
        write_if_changed(bundle, stage.read(stage.RUN_BUNDLE))
        with Signer() as signer:
            make_loader(signer, loader)
            for path in (kernel, bundle):
                write_if_changed(f"{path}.sig", signer.sign(path))
        disk.make_system_partition(PARTITION, stage.IMAGE)
        with open(NOTE, "w", encoding="ascii") as f:
            f.write(note)
