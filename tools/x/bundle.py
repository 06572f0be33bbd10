"""The boot bundle: a newc cpio archive whose files can be mapped where they lie.

Every file's data starts on a page boundary: the name of each entry is padded
with NULs (namesize counts them), so that header and name fill one page, and the
data is followed by zeroes up to the next page. A reader of plain newc that skips
zero bytes between entries reads it too.
"""

PAGE = 4096
HEADER_BYTES = 110
MODE_FILE = 0o100644
MODE_PROGRAM = 0o100755


def entry(inode, name, mode, data):
    name_size = PAGE - HEADER_BYTES
    if len(name.encode()) >= name_size:
        raise ValueError(f"bundle: name too long: {name}")
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, name_size, 0)
    header = b"070701" + b"".join(b"%08X" % value for value in fields)
    return header + name.encode().ljust(name_size, b"\0") + data + b"\0" * (-len(data) % PAGE)


def archive(files):
    """The archive of `files`, a list of (name, mode, bytes), in that order."""
    parts = [entry(inode, name, mode, data) for inode, (name, mode, data) in enumerate(files, 1)]
    parts.append(entry(0, "TRAILER!!!", 0, b""))
    return b"".join(parts)
