"""Keyboards, mice and tablets: drivers as modules, and what programs read."""
import hashlib
import os

from x.common import BUILD
from x.qmp import Qmp, key

KEYBOARD, MOUSE = "/dev/input/event0", "/dev/input/event1"
PS2 = ("--machine", "q35")
PS2_MODULE = os.path.join(BUILD, "image/system/drivers/input/ps2.ko")


def press(qmp, *names):
    for name in names:
        qmp.send(key(name, True))
        qmp.send(key(name, False))


def button(name, is_down):
    return "btn", {"down": is_down, "button": name}


def start(m, device, *arguments, options=(), qemu=""):
    """The program that reads `device`, once it is ready; and QEMU's socket."""
    qmp = Qmp()
    options = (*options, "--qemu-args", f"{qemu} {qmp.arguments}")
    session = m.start(m.program("events"), device, *arguments, options=options, timeout=60)
    told = session.expect(rb"(?s)(.*)ready\n").group(1).decode()
    qmp.connect()
    return session, qmp, told


def events_until_f12(session):
    return session.expect(rb"(?s)(.*)1 88 0\n").group(1).decode().split("\n")


def scenario_a_ps2_keyboard_sends_linux_events(m):
    session, qmp, told = start(m, KEYBOARD, options=PS2)
    m.equal(told, "AT Translated Set 2 keyboard, bus 11, protocol 10001\nkeys: many\nleds: some\n", "the keyboard")
    qmp.send(key("shift", True))
    press(qmp, "a")
    qmp.send(key("shift", False))
    press(qmp, "up", "kp_enter", "pause", "f12")
    m.equal(events_until_f12(session),
            ["1 42 1", "--", "1 30 1", "--", "1 30 0", "--", "1 42 0", "--", "1 103 1", "--", "1 103 0", "--",
             "1 96 1", "--", "1 96 0", "--", "1 119 1", "--", "1 119 0", "--", "1 88 1", "--", ""], "events")
    m.equal(session.wait(), 0, "exit code")


def scenario_a_ps2_mouse_moves_and_turns_its_wheel(m):
    session, qmp, told = start(m, MOUSE, options=PS2)
    m.equal(told, "ImPS/2 Generic Wheel Mouse, bus 11, protocol 10001\nkeys: some\nrelative: some\n", "the mouse")
    qmp.send(("rel", {"axis": "x", "value": 5}), ("rel", {"axis": "y", "value": -3}))
    session.expect(rb"^2 0 5\n2 1 -3\n--\n")
    qmp.send(button("left", True))
    session.expect(rb"^1 272 1\n--\n")
    qmp.send(button("left", False))
    session.expect(rb"^1 272 0\n--\n")
    qmp.send(button("wheel-up", True), button("wheel-up", False))
    session.expect(rb"2 8 1\n2 11 120\n--\n")


def scenario_virtio_input_brings_keyboard_and_tablet(m):
    devices = "-device virtio-tablet-device -device virtio-keyboard-device"
    session, qmp, told = start(m, MOUSE, qemu=devices)
    m.matches(told, r"QEMU Virtio Tablet, bus 6, protocol 10001\nkeys: some\n(relative: some\n)?absolute: some\n"
              r"x from 0 to 32767\n", "the tablet")
    qmp.send(("abs", {"axis": "x", "value": 1000}), ("abs", {"axis": "y", "value": 2000}))
    session.expect(rb"^3 0 1000\n3 1 2000\n--\n")
    session.kill()

    session, qmp, told = start(m, KEYBOARD, qemu=devices)
    m.matches(told, r"QEMU Virtio Keyboard, bus 6, protocol 10001\nkeys: many\nleds: some\n", "the keyboard")
    press(qmp, "b", "f12")
    m.equal(events_until_f12(session), ["1 48 1", "--", "1 48 0", "--", "1 88 1", "--", ""], "events")


def scenario_a_reader_that_sleeps_sees_that_events_were_dropped(m):
    session, qmp, _ = start(m, KEYBOARD, "flood", options=PS2)
    # 16 bytes wait in the controller's queue: it is read before the next ones come.
    for _ in range(12):
        press(qmp, "a", "b", "c", "d")
        qmp.ask("query-status")
    session.expect_log(r"cat=input .*event1")
    session.send("go\n")
    session.expect(rb"(dropped|kept), a queue\n")


def scenario_an_event_that_finds_no_room_is_told(m):
    session, qmp, _ = start(m, KEYBOARD, options=(*PS2, "--fault", "input.event.enqueue=fail-after:5"))
    press(qmp, "a", "b")
    session.expect(rb"dropped\n")


RULES = b"""short read: EINVAL
empty read: EAGAIN
poll: writable
grab: ok
grabbed: EBUSY
let go of another's: EINVAL
let go: ok
odd clock: EINVAL
unknown: EINVAL
force feedback: EINVAL
lseek: ESPIPE
"""


def scenario_input_devices_keep_linux_rules(m):
    m.succeeds(m.program("events"), KEYBOARD, "rules", options=PS2, out=RULES)


def scenario_only_root_and_the_seat_read_input(m):
    result = m.shell("chmod 666 /dev/input/event0; busybox su nobody -s /bin/sh -c 'cat /dev/input/event0' 2>&1; true",
                     options=PS2)
    m.matches(result.out, r"/dev/input/event0'?: Permission denied\n", "what another user sees")
    m.matches(m.log_text(result), r"inputd: refused device=0 euid=65534", "log")


def scenario_driverd_dies_and_knows_what_is_loaded(m):
    result = m.shell("kill -SEGV 106; grep ps2 /proc/modules", options=PS2)
    m.matches(result.out, r"^ps2 \d+ 0 - Live 0xffffffffa0\w+\n$", "modules")


def scenario_a_module_that_fails_to_load_is_skipped(m):
    result = m.shell("cat /proc/modules; ls /dev/input 2>&1; true", options=(*PS2, "--fault", "driver.module.load=fail"))
    m.equal(result.out, b"ls: /dev/input: No such file or directory\n", "modules and devices")
    m.matches(m.log_text(result), r"driverd: skipped name=ps2 reason=init-failed", "log")


def with_bundle(m, change):
    """Options for a machine whose bundle is changed: change(bundle, module's bytes)."""
    with open(os.path.join(BUILD, "bundle.cpio"), "rb") as f:
        bundle = bytearray(f.read())
    with open(PS2_MODULE, "rb") as f:
        module = f.read()
    change(bundle, module)
    path = os.path.join(m.folder, "bundle.cpio")
    with open(path, "wb") as f:
        f.write(bundle)
    return (*PS2, "--bundle", path)


def replace(bundle, old, new):
    at = bundle.index(old)
    bundle[at:at + len(old)] = new


def flip_a_byte(bundle, module):
    changed = bytearray(module)
    changed[200] ^= 1
    replace(bundle, module, changed)


def ask_for_an_unknown_symbol(bundle, module):
    changed = module.replace(b"\0drv_clock_ns\0", b"\0drv_clock_no\0")
    replace(bundle, module, changed)
    replace(bundle, hashlib.sha256(module).hexdigest().encode(), hashlib.sha256(changed).hexdigest().encode())


def scenario_a_module_that_the_sums_do_not_list_is_refused(m):
    result = m.shell("grep ps2 /proc/modules; true", options=with_bundle(m, flip_a_byte))
    m.equal(result.out, b"", "modules", result)
    m.matches(m.log_text(result), r"driverd: skipped name=ps2 reason=wrong-sum", "log")


def scenario_a_module_that_asks_for_an_unknown_symbol_is_refused_by_name(m):
    result = m.shell("grep ps2 /proc/modules; true", options=with_bundle(m, ask_for_an_unknown_symbol))
    m.equal(result.out, b"", "modules", result)
    m.matches(m.log_text(result), r"ps2 is not loaded: unknown symbol drv_clock_no\"", "log")
