import unittest

from support import TreeTest
from x.check import calls

CALLS = """SYSCALL(  0, read, MECH, NONE, FD(fd))
SYSCALL(  1, write, MECH, NONE, FD(fd))
SYSCALL(  2, gone, ABSENT, NONE)
"""


class CallsTest(TreeTest):
    def findings(self, errors):
        self.write("abi/linux/syscalls.def", CALLS)
        self.write("abi/linux/errors.def", errors)
        return self.found(calls.findings)

    def test_a_full_table_is_silent(self):
        self.assertEqual(self.findings("ERRORS(read, EBADF,\n\tEFAULT)\nRARE(read, \"never (or so)\", EIO)\nERRORS(write)\n"), [])

    def test_a_call_without_a_line_is_named(self):
        self.assertEqual(self.findings("ERRORS(read)\n"), [
            "abi/linux/syscalls.def:2: calls: write is there, but abi/linux/errors.def has no ERRORS line for it"])

    def test_an_unknown_error_is_named(self):
        self.assertEqual(self.findings("ERRORS(read, EODD)\nERRORS(write)\n"),
                         ["abi/linux/errors.def:1: calls: there is no error EODD"])

    def test_an_unknown_call_is_named(self):
        self.assertEqual(self.findings("ERRORS(read)\nERRORS(wrote)\nERRORS(write)\n"),
                         ["abi/linux/errors.def:2: calls: abi/linux/syscalls.def has no wrote"])

    def test_a_line_out_of_order_is_named(self):
        self.assertEqual(self.findings("ERRORS(write)\nERRORS(read)\n"),
                         ["abi/linux/errors.def:2: calls: read is not in the order of syscalls.def"])

    def test_an_error_given_twice_is_named(self):
        self.assertEqual(self.findings("ERRORS(read, EIO)\nRARE(read, \"then\", EIO)\nERRORS(write)\n"),
                         ["abi/linux/errors.def:2: calls: read has EIO twice"])

    def test_a_rare_error_without_a_reason_is_named(self):
        self.assertEqual(self.findings("ERRORS(read)\nRARE(read, EIO)\nERRORS(write)\n"),
                         ["abi/linux/errors.def:2: calls: RARE of read does not say when"])


if __name__ == "__main__":
    unittest.main()
