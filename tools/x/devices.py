"""QEMU's arguments for what a machine gets beside its board: USB, the host's own devices, QEMU's log."""
import os
import re

from x.common import BUILD, EXIT_MACHINE, Failure

USB_INPUT = ("-device", "qemu-xhci,id=usb", "-device", "usb-kbd,bus=usb.0", "-device", "usb-tablet,bus=usb.0")
PCI_DEVICES = "/sys/bus/pci/devices"
ADDRESS = re.compile(r"^(?:[0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$")
LOGS = os.path.join(BUILD, "logs")


def log_args(kind):
    """QEMU's own log of interrupts and exceptions: to a file, or made and thrown away."""
    os.makedirs(LOGS, exist_ok=True)
    return ["-d", "int", "-D", os.path.join(LOGS, "qemu_interrupt.log") if kind == "int" else os.devnull]


def vfio_args(address, is_forced):
    if not ADDRESS.match(address):
        raise Failure(f"--vfio-pci takes an address as 0000:01:00.0, not '{address}'", EXIT_MACHINE)
    address = address if address.count(":") == 2 else f"0000:{address}"
    folder = os.path.join(PCI_DEVICES, address.lower())
    if not os.path.isdir(folder):
        raise Failure(f"--vfio-pci: this host has no device {address}", EXIT_MACHINE)
    driver = os.path.basename(os.path.realpath(os.path.join(folder, "driver")))
    if driver != "vfio-pci":
        raise Failure(f"--vfio-pci: {address} belongs to {driver if driver != 'driver' else 'no driver'}, not to vfio-pci", EXIT_MACHINE)
    if drives_the_display(folder) and not is_forced:
        raise Failure(f"--vfio-pci: the host's display is on {address}; --vfio-force takes it all the same", EXIT_MACHINE)
    return ["-device", f"vfio-pci,host={address}"]


def drives_the_display(folder):
    try:
        with open(os.path.join(folder, "boot_vga"), encoding="ascii") as f:
            return f.read().strip() == "1"
    except FileNotFoundError:
        return False


def arguments(values, machine):
    """For the options of ./x exec, ./x run and ./x debug."""
    found = []
    if (values.usb_input or values.vfio_pci) and machine != "q35":
        raise Failure("--usb-input and --vfio-pci need --machine q35", EXIT_MACHINE)
    if values.usb_input:
        found += USB_INPUT
    for address in values.vfio_pci:
        found += vfio_args(address, values.vfio_force)
    if values.qemu_log:
        found += log_args(values.qemu_log)
    return found
