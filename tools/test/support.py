"""A small tree in a temporary folder, for tests of the rules of ./x check."""
import os
import shutil
import tempfile
import unittest

from x.check.tree import KERNEL_MODULES, Tree


class TreeTest(unittest.TestCase):
    """Each test has `self.root`, an empty tree that `write` fills."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="albireo-tree-")
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def module(self, name, deps=(), source=""):
        """A kernel module with one header and one source."""
        prefix = KERNEL_MODULES[name]
        listed = ", ".join(f"'{dep}'" for dep in deps)
        self.write(f"kernel/{name}/meson.build", f"module_deps = [{listed}]\n")
        self.write(f"kernel/{name}/include/{prefix}/api.h", "int api(void);\n")
        self.write(f"kernel/{name}/src/main.c", source)

    def found(self, rule, *args):
        """The rule's findings on this tree, as text."""
        return [str(finding) for finding in rule(Tree(self.root), *args)]
