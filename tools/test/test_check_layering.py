import unittest

from support import TreeTest
from x.check import layering


class LayeringTest(TreeTest):
    def only(self, expected):
        self.assertEqual(self.found(layering.findings), [expected] if expected else [])

    def test_a_declared_module_below_may_be_included(self):
        self.module("lowlevel")
        self.module("mm", ["lowlevel"], "#include <lowlevel/api.h>\n#include <stdint.h>\n")
        self.only(None)

    def test_an_undeclared_module_is_named(self):
        self.module("lowlevel")
        self.module("mm", [], "\n#include <lowlevel/api.h>\n")
        self.only("kernel/mm/src/main.c:2: layering: <lowlevel/api.h>: mm does not declare lowlevel")

    def test_a_module_above_is_named_even_when_declared(self):
        self.module("mm")
        self.module("hal", ["mm"], "#include <mm/api.h>\n")
        self.assertEqual(self.found(layering.findings), [
            "kernel/hal/meson.build:1: layering: hal declares mm, which is not below it",
            "kernel/hal/src/main.c:1: layering: <mm/api.h>: hal may not use mm, which is above it"])

    def test_an_unknown_dependency_is_named(self):
        self.module("mm", ["memory"])
        self.only("kernel/mm/meson.build:1: layering: mm declares 'memory', which is no kernel module")

    def test_a_module_without_declaration_declares_nothing(self):
        self.module("lowlevel")
        self.module("mm", [], "#include <lowlevel/api.h>\n")
        self.write("kernel/mm/meson.build", "module_sources = files('src/main.c')\n")
        self.only("kernel/mm/src/main.c:1: layering: <lowlevel/api.h>: mm does not declare lowlevel")

    def test_a_relative_path_into_another_module_is_named(self):
        self.module("lowlevel")
        self.write("kernel/lowlevel/src/private.h", "")
        self.module("mm", ["lowlevel"], '#include "../../lowlevel/src/private.h"\n')
        self.only('kernel/mm/src/main.c:1: layering: "../../lowlevel/src/private.h" reaches into kernel/lowlevel')

    def test_a_hosted_header_in_the_kernel_is_named(self):
        self.module("mm", [], "#include <stdio.h>\n")
        self.only("kernel/mm/src/main.c:1: layering: <stdio.h> is a hosted header")

    def test_a_kernel_test_may_include_hosted_headers(self):
        self.module("mm")
        self.write("kernel/mm/test/test_mm.c", "#include <stdio.h>\n#include <mm/api.h>\n")
        self.only(None)

    def test_a_library_that_uses_the_kernel_is_named(self):
        self.module("mm")
        self.write("libs/elf/src/elf.c", "#include <mm/api.h>\n")
        self.only("libs/elf/src/elf.c:1: layering: <mm/api.h>: libs/elf may not use kernel headers")

    def test_a_service_may_use_libraries_and_the_abi(self):
        self.write("libs/elf/include/elf/elf.h", "")
        self.write("abi/include/albireo/native.h", "")
        self.write("services/loaderd/src/main.c", "#include <elf/elf.h>\n#include <albireo/native.h>\n")
        self.only(None)

    def test_a_service_that_uses_another_service_is_named(self):
        self.write("services/vfsd/include/vfsd/tree.h", "")
        self.write("services/procd/src/main.c", "#include <vfsd/tree.h>\n")
        self.only("services/procd/src/main.c:1: layering: <vfsd/tree.h>: services/procd may not use services/vfsd")

    def test_a_driver_sees_the_driver_api_only(self):
        self.module("mm")
        self.module("io-manager")
        self.write("kernel/io-manager/include/driver/driver.h", "")
        self.write("drivers/bridges/char/console/src/main.c", "#include <driver/driver.h>\n#include <mm/api.h>\n")
        self.only("drivers/bridges/char/console/src/main.c:2: layering: <mm/api.h>: "
                  "drivers/bridges/char/console may not use kernel headers")

    def test_a_library_of_system_calls_in_the_kernel_is_named(self):
        self.write("libs/state/include/state/state.h", "")
        self.module("mm", [], "#include <state/state.h>\n")
        self.only("kernel/mm/src/main.c:1: layering: <state/state.h>: libs/state is for programs only")


if __name__ == "__main__":
    unittest.main()
