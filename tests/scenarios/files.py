"""Files of the machine that the host has no like of."""


def scenario_a_read_only_filesystem_refuses_every_change(m):
    m.succeeds(m.program("read-only"), "/bin/busybox", "/bin/missing", out=b"33 refused\n")


MOUNTS = b"""no such type: ENODEV
no type: EINVAL
on a file: ENOTDIR
tmpfs: ok
its folder removed: EBUSY
end of one in use: EBUSY
end of none: EINVAL
"""


def scenario_mounts_that_cannot_be_give_their_errors(m):
    m.succeeds(m.program("mounts"), out=MOUNTS)
