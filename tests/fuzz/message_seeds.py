"""First inputs of the targets ipc_*: messages as tests/fuzz/feigned takes them."""
import struct

DEATH, EVENT = b"\xff", b"\xfe"
KERNEL, LAUNCHER = 0, 3
ROOT_ID = 1


def given(index):
    """The word that a reply told, counted from the newest."""
    return ("given", index)


def word(value):
    if isinstance(value, tuple):
        return bytes([128 + value[1]])
    if value < 128:
        return bytes([value])
    return b"\xf0" + struct.pack("<I", value) if value < 1 << 32 else b"\xff" + struct.pack("<Q", value)


def message(operation, *words, data=b"", who=KERNEL, handles=b""):
    """`handles` is a byte with their number, for a service that accepts them."""
    text = b"".join(word(value) for value in [*words, 0, 0, 0, 0, 0, 0, 0][:7])
    length = bytes([len(data)]) if len(data) < 255 else b"\xff" + struct.pack("<H", len(data))
    return bytes([operation - 1, who]) + text + length + data + handles


def procd():
    yield message(1, 7, 8, 1000) + message(2, given(2)) + message(3, 7, 9, 5, 6) + message(4) + DEATH + message(4)


def loaderd():
    from make_seeds import elf, pe
    for data in [*list(elf())[:3], next(pe())]:
        yield message(1, 5, len(data), handles=b"\1") + message(2, 5, len(data), handles=b"\1") + data


def syscalld():
    envelope = struct.pack("<34Q", *[1 << 20] * 32, 65536, 0)
    credentials = struct.pack("<74I", *[1000] * 8, 1, 0, *[7] * 64) + struct.pack("<6Q", *[0] * 6)
    yield message(1) + message(2, 0, 4, 3, 100, 200, 1000, data=envelope)
    for call in range(1, 17):
        yield message(3, 5, call, 1, 2, 3, data=credentials + struct.pack("<2I", 1, 2))
    yield message(4, 5, 0, data=b"name") + message(5, 0, 1 << 40, 0)


def netd():
    yield message(1, 5, 0, 1, data=b"name") + message(3, 0, 1, data=b"name") + message(2, 6, 1) + \
        message(1, 7, 9, 1) + message(4, 5) + message(5) + DEATH + message(3, 9, 1)


def utf16(text):
    return text.encode("utf-16-le")


def hived():
    path, value = utf16("Machine\\Software\\New"), utf16("Value")
    yield message(1, ROOT_ID, 1, 0, data=path) + message(7, given(0), 1, len(value), 0, 1, data=value + b"contents") + \
        message(8, given(0), data=value) + message(9, given(0)) + message(2, given(0)) + message(6, given(0)) + DEATH + \
        message(5, given(0), data=utf16("Other")) + message(3, ROOT_ID, 1) + message(10, given(0), data=value) + \
        message(4, given(0), 0, 0, 0, 1)
    yield message(1, ROOT_ID, 3, 4, data=utf16("User\\S-1-5-21-7\\Key") + utf16("cl")) + message(4, given(0))


def driverd():
    registry = (b"name=ahci\tpath=/d/ahci.ko\tclass=block\tbus=pci\tpriority=10\twhen=boot\taliases=pci:class=0x010601\t"
                b"provider_group=disk\tfallback_only=false\tdeps=\tsoftdeps=evdev\tlinux_driver_names=ahci\n"
                b"name=evdev\tpath=/d/evdev.ko\tclass=input\tbus=virtio\tpriority=5\twhen=files\taliases=virtio:id=18\t"
                b"provider_group=input\tfallback_only=true\tdeps=ahci\tsoftdeps=\tlinux_driver_names=\n")
    for operation in (1, 2):
        yield message(operation, who=LAUNCHER) + message(3, data=b"ahci", who=LAUNCHER) + registry + b"\1" * 30


def storaged():
    from make_seeds import partition
    for disk in partition():
        yield message(1, 1000, who=LAUNCHER) + message(2, 1) + disk[1:]


def inputd():
    yield message(3, 1000, who=LAUNCHER) + message(1, 1, 1000) + message(1, 1, 5) + message(2, who=LAUNCHER)


def vfsd_names():
    walk, root, create, link, unlink, rename, setattr_, getattr_, readdir = range(1, 10)
    opened, close = 10, 11
    top = message(root)
    tmp = top + message(walk, given(0), 0, data=b"tmp")
    new = tmp + message(create, given(0), 0o100644, 0, 0, 0, data=b"file\0")
    yield new + message(getattr_, given(0)) + message(opened, given(0), 2, 1) + message(setattr_, given(1), 1, data=bytes(176))
    yield new + message(link, given(1), given(0), data=b"second") + message(rename, given(0), given(0), 0, 0, data=b"file\0third")
    yield new + message(unlink, given(0), 0, 0, data=b"file") + DEATH + message(readdir, given(0), 0, 200)
    yield tmp + message(create, given(0), 0o40755, 0, 0, 0, data=b"dir\0") + message(create, given(0), 0o120777, 0, 0, 0, data=b"l\0x")
    yield top + message(readdir, given(0), 0, 4096) + message(walk, given(0), 0, data=b"proc/1/status") + \
        message(opened, given(0), 0, 1) + message(13, given(0), 0, 4096) + message(close, given(0))
    yield new + message(15, given(0)) + message(23, given(0), given(3)) + message(25, given(0), 1, 0, data=b"user.a\0v") + \
        message(25, given(0), 0, 0, data=b"user.a\0") + message(25, given(0), 2)
    yield tmp + message(26, given(0), data=b"FILE") + message(27, given(0), 0, 100)


def vfsd():
    yield from vfsd_names()
    for proc in (b"proc/self/maps", b"proc/meminfo", b"proc/mounts", b"proc/cpuinfo", b"proc/1/fd", b"proc/sys/kernel/core_pattern"):
        yield message(2) + message(1, given(0), 0, data=proc) + message(10, given(0), 2, 1) + message(13, given(0), 0, 4096) + \
            message(14, given(0), 0, data=b"5") + message(9, given(1), 0, 4096)
    for kind, source in ((b"9p", b"test"), (b"tmpfs", b"none"), (b"vfat", b"/dev/vda"), (b"ext4", b"/dev/vda")):
        data = kind + b"\0" + source + b"\0/mnt\0\0"
        mount = message(19, 0, data=data, who=LAUNCHER) + message(2) + message(1, given(0), 0, data=b"mnt/name") + \
            message(3, given(0), 0o100644, 0, 0, 0, data=b"new\0") + message(9, given(1), 0, 4096) + message(15, given(0))
        # Answers, last first: a version, an attach, and walks of 9P; or what a disk says.
        yield mount + bytes(200)
        yield mount + b"\1\2\3\4" * 100 + struct.pack("<H", 0x80) * 40


def devmgrd():
    # What the thread finds is read from the end: a change each, and answers of driverd and vfsd.
    yield message(1, who=LAUNCHER) + message(1) + b"\0\0\0\0" * 40 + bytes(reversed(b"\1\0\1\1\1\2\1\x80\1\x81\1\3")) * 4
    yield message(1, who=LAUNCHER) + DEATH + message(1, who=LAUNCHER) + b"\1\4\0\0\0\0\0\0\0\0\0\0\0\0" * 20


def sessiond():
    ready, ended, nothing = 0, 1, 2
    typed = b"".join(bytes([ready, 1, 2, 1, code, 0, code]) for code in (30, 48, 28, 42, 59, 1))
    switch = bytes([ready, 1, 4, 1, 56, 1, 60, 0, 60, 0, 56])
    for choice in (0, 0x14, 0x3A):
        text = b"hello\r\n\x1b[31mred\x1b[0m"
        yield bytes([choice]) + typed + bytes([ready, 0, len(text)]) + text + switch + bytes([ended, 0, nothing]) + typed + \
            bytes([ended, 1, nothing, nothing]) + b"\1\1\3\3" * 30


ALL = {"ipc_procd": procd, "ipc_loaderd": loaderd, "ipc_syscalld": syscalld, "ipc_netd": netd, "ipc_hived": hived,
       "ipc_driverd": driverd, "ipc_storaged": storaged, "ipc_inputd": inputd, "ipc_vfsd": vfsd,
       "ipc_devmgrd": devmgrd, "ipc_sessiond": sessiond}
