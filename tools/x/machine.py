"""One QEMU process: its command line, its ports, its end.

Ports are virtio-serial ports on socket pairs; `Machine.ports` maps a port's name
to this side's descriptor. QEMU runs in a session of its own and is killed by the
kernel when this process dies, so it never outlives ./x.
"""
import _signal
import _socket
import os

from x.common import Failure

SETPRIV = "/usr/bin/setpriv"
# Descriptors are given to QEMU from this number up.
FIRST_CHILD_FD = 100

# machine: (device suffix, board)
BOARDS = {
    "microvm": ("device", "microvm,acpi=on,pic=off,pit=on,rtc=on,isa-serial=off,auto-kernel-cmdline=off"),
    "q35": ("pci", "q35,vmport=off"),
}


class MachineSpec:
    """What a machine is made of; the fields are the options of `exec`."""

    def __init__(self):
        self.binary = "qemu-system-x86_64"
        self.machine = "microvm"
        self.accel = "tcg"
        self.mem = "512M"
        self.smp = "1"
        self.icount = False
        self.kernel = ""
        self.bundle = ""
        self.boot_args = []    # firmware, in the place of kernel and bundle
        self.log = ""
        self.ports = []        # names of virtio-serial ports
        self.exports = []      # (tag, folder, is_readonly)
        self.disks = []        # (image, is_readonly, bus)
        self.files = {}        # fw_cfg name: bytes
        self.qemu_args = []


def quoted(text):
    """A value inside a QEMU option: commas are doubled."""
    return text.replace(",", ",,")


def board_args(spec):
    suffix, board = BOARDS[spec.machine]
    args = [
        "-M", board, "-accel", spec.accel, "-m", spec.mem, "-smp", spec.smp,
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        *(spec.boot_args or ("-kernel", spec.kernel, "-initrd", spec.bundle)),
        "-chardev", f"file,id=log,path={quoted(spec.log)}", "-device", "isa-debugcon,iobase=0xe9,chardev=log",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
    ]
    if spec.machine == "microvm":
        args += ["-global", "virtio-mmio.force-legacy=false"]
    else:
        # Slots are PCI Express's own: ACPI's need an interpreter of AML.
        args += ["-global", "ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off"]
    if spec.icount:
        args += ["-icount", "shift=0,sleep=off", "-cpu", "max,-erms,-fsrm", "-rtc", "base=2026-01-01,clock=vm",
                 "-seed", "1", "-fw_cfg", "name=opt/albireo/idle,string=spin"]
    else:
        args += ["-cpu", "host" if spec.accel == "kvm" else "max"]
    return args, suffix


class Machine:
    """A started QEMU. `pidfd` becomes readable when it ends."""

    def __init__(self, spec):
        self.spec = spec
        self.ports = {}
        self.pid = 0
        self.pidfd = -1
        self.status = None
        self.child_fds = []
        self.messages = os.memfd_create("qemu-messages")

    def give(self, fd):
        """Pass `fd` to QEMU; returns its number there."""
        self.child_fds.append(fd)
        return FIRST_CHILD_FD + len(self.child_fds) - 1

    def port_args(self, suffix):
        args = ["-device", f"virtio-serial-{suffix},max_ports=6"]
        for index, name in enumerate(self.spec.ports):
            ours, theirs = _socket.socketpair()
            self.ports[name] = ours.detach()
            os.set_blocking(self.ports[name], False)
            number = self.give(theirs.detach())
            args += ["-chardev", f"socket,id=port{index},fd={number}",
                     "-device", f"virtserialport,chardev=port{index},name={name}"]
        return args

    def export_args(self, suffix):
        model = "passthrough" if os.geteuid() == 0 else "none"
        args = []
        for tag, folder, is_readonly in self.spec.exports:
            readonly = ",readonly=on" if is_readonly else ""
            args += ["-fsdev", f"local,id={tag},path={quoted(folder)},security_model={model},multidevs=remap{readonly}",
                     "-device", f"virtio-9p-{suffix},fsdev={tag},mount_tag={tag}"]
        return args

    def disk_args(self, suffix):
        args = []
        nsata = 0
        for index, (image, is_readonly, bus) in enumerate(self.spec.disks):
            node = f"disk{index}"
            args += ["-blockdev", f"driver=raw,node-name={node},read-only={'on' if is_readonly else 'off'},discard=unmap,"
                     f"file.driver=file,file.filename={quoted(image)}"]
            device = f"virtio-blk-{suffix}"
            if bus == "nvme":
                device = "nvme"
            elif bus == "ahci":
                device = f"ide-hd,bus=ide.{nsata}"
                nsata += 1
            # Firmware boots from the first one.
            boot = ",bootindex=0" if self.spec.boot_args and not index else ""
            args += ["-device", f"{device},drive={node},serial=albireo{index}{boot}"]
        return args

    def file_args(self):
        args = []
        for name, data in self.spec.files.items():
            fd = os.memfd_create(name.rsplit("/", 1)[-1])
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view):]
            os.lseek(fd, 0, os.SEEK_SET)
            args += ["-fw_cfg", f"name={name},file=/dev/fd/{self.give(fd)}"]
        return args

    def command(self):
        args, suffix = board_args(self.spec)
        args += self.port_args(suffix) if self.spec.ports else []
        args += self.export_args(suffix)
        # Its bytes come when the host gives them, and draws before and after differ; RDRAND repeats.
        args += [] if self.spec.icount else ["-device", f"virtio-rng-{suffix}"]
        args += self.disk_args(suffix)
        args += self.file_args()
        return [self.spec.binary, *args, *self.spec.qemu_args]

    def start(self):
        command = [SETPRIV, "--pdeathsig", "KILL", "--", *self.command()]
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                   (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                   (os.POSIX_SPAWN_DUP2, self.messages, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, fd, FIRST_CHILD_FD + index) for index, fd in enumerate(self.child_fds)]
        try:
            self.pid = os.posix_spawn(SETPRIV, command, os.environ, file_actions=actions, setsid=True,
                                      setsigdef=[_signal.SIGPIPE, _signal.SIGINT, _signal.SIGHUP, _signal.SIGTERM])
        except OSError as error:
            raise Failure(f"cannot start {SETPRIV}: {error.strerror}") from None
        for fd in self.child_fds:
            os.close(fd)
        self.pidfd = os.pidfd_open(self.pid)

    def has_ended(self):
        """True once QEMU is gone; `status` then holds its wait status."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def end(self):
        """Kill QEMU if it still runs, reap it, close everything."""
        if self.pid and self.status is None:
            os.kill(self.pid, _signal.SIGKILL)
            self.status = os.waitpid(self.pid, 0)[1]
        for fd in (self.pidfd, *self.ports.values()):
            if fd >= 0:
                os.close(fd)
        self.pidfd = -1
        self.ports = {}

    def said(self):
        """What QEMU itself wrote to its standard error."""
        size = os.fstat(self.messages).st_size
        return os.pread(self.messages, size, 0).decode("utf-8", "replace")
