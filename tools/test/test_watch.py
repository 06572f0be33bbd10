"""What follows a machine's log, and what a machine gets beside its board."""
import os
import tempfile
import unittest
from types import SimpleNamespace
from unittest import mock

from x import devices
from x.common import Failure
from x.relay import End
from x.watch import Watch, summary


def line(text, level="info"):
    return f'seq=1 ts_us=2 tick=3 lvl={level} cat=boot mod=a.c line=4 pid=- tid=- msg="{text}"\n'


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "log")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, text):
        with open(self.path, "a", encoding="utf-8") as f:
            f.write(text)

    def test_a_run_ends_when_the_last_marker_came(self):
        watch = Watch(self.path, markers=["one", "two"])
        self.assertIsNone(watch())
        self.write("two\non")
        self.assertIsNone(watch())
        self.write("e\n")
        self.assertEqual(watch().kind, "expected")
        self.assertEqual(watch.judge(End("code", 3)).kind, "expected")

    def test_an_end_without_a_marker_is_a_failure_that_names_it(self):
        watch = Watch(self.path, markers=["one", "two"])
        self.write("one\n")
        end = watch.judge(End("code", 0))
        self.assertEqual((end.kind, end.text), ("failed", "its log never had 'two'"))

    def test_without_markers_the_end_is_the_machines(self):
        watch = Watch(self.path, is_copied=True)
        self.assertEqual(watch.judge(End("code", 3)).value, 3)

    def test_lines_are_copied_whole_or_those_of_strace_alone(self):
        for is_strace, is_copied, expected in ((True, False, b"open\n"), (True, True, b"strace: open\nother\n")):
            with self.subTest(is_copied=is_copied), mock.patch("os.write") as write:
                watch = Watch(self.path, is_strace, is_copied)
                with open(self.path, "w", encoding="utf-8") as f:
                    f.write("strace: open\nother\npart")
                watch()
                write.assert_called_once_with(2, expected)

    def test_a_summary_has_milestones_and_what_is_worse_than_info(self):
        kept = [line("vfsd serves id 2"), line("odd", "warn"), "=== PANIC: no memory\n"]
        text = kept[0] + line("acpi: 1 CPUs, 1 IOAPICs") + kept[1] + kept[2]
        self.assertEqual(summary(text), [text.rstrip("\n") for text in kept])


def options(**values):
    return SimpleNamespace(**{"usb_input": False, "vfio_pci": [], "vfio_force": False, "qemu_log": None, **values})


class DevicesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        patch = mock.patch.object(devices, "PCI_DEVICES", self.folder.name)
        patch.start()
        self.addCleanup(self.folder.cleanup)
        self.addCleanup(patch.stop)

    def add(self, address, driver, boot_vga="0"):
        folder = os.path.join(self.folder.name, address)
        os.mkdir(folder)
        os.makedirs(os.path.join(self.folder.name, driver), exist_ok=True)
        os.symlink(f"../{driver}", os.path.join(folder, "driver"))
        with open(os.path.join(folder, "boot_vga"), "w", encoding="ascii") as f:
            f.write(boot_vga + "\n")

    def test_usb_and_the_log_are_arguments(self):
        found = devices.arguments(options(usb_input=True, qemu_log="null"), "q35")
        self.assertEqual(found, [*devices.USB_INPUT, "-d", "int", "-D", "/dev/null"])

    def test_they_need_a_board_with_pci(self):
        for values in (options(usb_input=True), options(vfio_pci=["01:00.0"])):
            with self.assertRaisesRegex(Failure, "q35"):
                devices.arguments(values, "microvm")

    def test_a_device_of_vfio_is_given(self):
        self.add("0000:01:00.0", "vfio-pci")
        self.assertEqual(devices.arguments(options(vfio_pci=["01:00.0"]), "q35"), ["-device", "vfio-pci,host=0000:01:00.0"])

    def test_other_devices_are_refused(self):
        self.add("0000:01:00.0", "nvme")
        self.add("0000:02:00.0", "vfio-pci", "1")
        for address, why in (("01:00.0", "belongs to nvme"), ("02:00.0", "display"), ("03:00.0", "no device"), ("x", "address")):
            with self.subTest(address), self.assertRaisesRegex(Failure, why):
                devices.arguments(options(vfio_pci=[address]), "q35")
        self.assertTrue(devices.arguments(options(vfio_pci=["02:00.0"], vfio_force=True), "q35"))


if __name__ == "__main__":
    unittest.main()
