"""QEMU's control socket (QEMU's docs/interop/qmp-spec.rst), for scenarios that touch the machine from outside."""
import json
import os
import socket


class Qmp:
    """`arguments` go to QEMU; connect() once it runs."""

    def __init__(self, m):
        self.path = os.path.join("/tmp", f"qmp-{os.getpid()}-{id(m)}")
        self.arguments = f"-qmp unix:{self.path},server=on,wait=off"
        self.stream = None

    def connect(self):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(60)
        link.connect(self.path)
        os.unlink(self.path)
        self.stream = link.makefile("rw")
        self.stream.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "event" not in answer:
                return answer["return"]

    def send(self, *events):
        """Input events, (type, data) each."""
        self.ask("input-send-event", events=[{"type": kind, "data": data} for kind, data in events])
