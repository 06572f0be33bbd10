import os
import subprocess
import unittest

from support import TreeTest
from x.check import symbols


class SymbolsTest(TreeTest):
    def archive(self, module, source):
        folder = os.path.join(self.root, "build/kernel/kernel")
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["gcc", "-x", "c", "-c", "-o", f"{folder}/{module}.o", "-"], input=source.encode(), check=True)
        subprocess.run(["ar", "rc", f"{folder}/libmodule-{module}.a", f"{folder}/{module}.o"], check=True)

    def findings(self):
        return self.found(symbols.findings, os.path.join(self.root, "build/kernel"))

    def test_a_symbol_of_an_undeclared_module_is_named(self):
        self.module("lowlevel")
        self.module("mm")
        self.archive("lowlevel", "void cpu_halt(void) {}")
        self.archive("mm", "void cpu_halt(void); void mm_stop(void) { cpu_halt(); }")
        self.assertEqual(self.findings(), [
            "kernel/mm/meson.build:1: symbols: mm.o uses cpu_halt of lowlevel, which mm does not declare"])

    def test_a_symbol_of_a_declared_module_is_fine(self):
        self.module("lowlevel")
        self.module("mm", ["lowlevel"])
        self.archive("lowlevel", "void cpu_halt(void) {}")
        self.archive("mm", "void cpu_halt(void); void mm_stop(void) { cpu_halt(); }")
        self.assertEqual(self.findings(), [])

    def test_a_symbol_that_no_module_defines_is_the_linkers_business(self):
        self.module("mm")
        self.archive("mm", "extern char image_end[]; char *mm_end(void) { return image_end; }")
        self.assertEqual(self.findings(), [])


if __name__ == "__main__":
    unittest.main()
