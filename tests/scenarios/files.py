"""Files of the machine that the host has no like of."""


def scenario_a_read_only_filesystem_refuses_every_change(m):
    m.succeeds(m.program("read-only"), "/bin/busybox", "/bin/missing", out=b"33 refused\n")
