import json
import os
import unittest

from support import TreeTest
from x.check import sparse

USER = "#ifdef __CHECKER__\n#define __user __attribute__((noderef, address_space(1)))\n#else\n#define __user\n#endif\n"


class SparseTest(TreeTest):
    def findings(self, source):
        self.write("kernel/mm/src/main.c", source)
        build = os.path.join(self.root, "build/kernel")
        self.write("build/kernel/compile_commands.json", json.dumps([{
            "directory": build, "file": "../../kernel/mm/src/main.c",
            "command": "cc -Wall -O2 -ffreestanding -DX=1 -c ../../kernel/mm/src/main.c"}]))
        return self.found(sparse.findings, build)

    def test_a_dereferenced_user_pointer_is_named(self):
        found = self.findings(USER + "int first(int __user *p);\nint first(int __user *p)\n{\n\treturn *p;\n}\n")
        self.assertEqual(found, ["kernel/mm/src/main.c:9: sparse: dereference of noderef expression"])

    def test_clean_code_is_silent(self):
        self.assertEqual(self.findings("int first(int *p);\nint first(int *p)\n{\n\treturn *p + X;\n}\n"), [])


if __name__ == "__main__":
    unittest.main()
