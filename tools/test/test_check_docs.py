import unittest

from support import TreeTest
from x.check import docs, text


class DocsTest(TreeTest):
    def findings(self, document):
        self.write("kernel/mm/src/object.c", "int mm_object_create(void);\n#define PAGE_BYTES 4096\n")
        self.write("docs/other.md", "# One heading\n")
        self.write("docs/page.md", document)
        return self.found(docs.findings)

    def test_real_names_are_silent(self):
        self.assertEqual(self.findings("`kernel/mm/src/object.c`, `kernel/MODULE/src/*.c`, `mm_object_create()`, "
                                       "`PAGE_BYTES`, `build`, [other](other.md#one-heading)\n"), [])

    def test_a_dead_link_is_named(self):
        self.assertEqual(self.findings("\n[x](gone.md)\n"), ["docs/page.md:2: docs: dead link to gone.md"])

    def test_a_dead_heading_is_named(self):
        self.assertEqual(self.findings("[x](other.md#two)\n"),
                         ["docs/page.md:1: docs: dead link: docs/other.md has no heading #two"])

    def test_a_dead_path_is_named(self):
        self.assertEqual(self.findings("`kernel/mm/src/gone.c`\n"),
                         ["docs/page.md:1: docs: there is no kernel/mm/src/gone.c"])

    def test_a_dead_identifier_is_named(self):
        self.assertEqual(self.findings("`mm_object_destroy()`\n"),
                         ["docs/page.md:1: docs: nothing in the tree is called mm_object_destroy()"])

    def test_a_dead_identifier_in_a_picture_is_named(self):
        self.write("docs/pictures/map.svg", "<svg>\n<text x=\"1\">calls mm_object_create(), then mm_gone()</text>\n</svg>\n")
        self.assertEqual(self.findings(""), ["docs/pictures/map.svg:2: docs: nothing in the tree is called mm_gone()"])


class TextTest(TreeTest):
    def test_blanks_at_a_line_end_are_named(self):
        self.write("a.c", "int a; \n")
        self.assertEqual(self.found(text.findings), ["a.c:1: text: blanks at the end of the line"])

    def test_a_conflict_marker_is_named(self):
        self.write("a.c", "int a;\n" + "<" * 7 + " HEAD\n")
        self.assertEqual(self.found(text.findings), ["a.c:2: text: a conflict marker"])

    def test_a_missing_last_line_end_is_named(self):
        self.write("a.c", "int a;")
        self.assertEqual(self.found(text.findings), ["a.c:1: text: no line end at the end of the file"])


if __name__ == "__main__":
    unittest.main()
