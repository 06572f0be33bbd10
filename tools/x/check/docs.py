"""Documents name real things: links, paths in backticks, identifiers in backticks and in pictures.

A path in backticks is a word whose first element is a folder or file at the top of
the tree; a word in capitals (NAME) stands for any. An identifier is
snake_case or CAPITALS with an underscore; it must occur in some source file.
"""
import glob
import os
import re

from x.check.tree import Finding

PATH_WORD = re.compile(r"^[A-Za-z0-9_.][A-Za-z0-9_.*/-]*$")
IDENTIFIER = re.compile(r"^(?:[a-z][a-z0-9]*(?:_[a-z0-9]+)+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:\(\))?$")
SOURCE_ENDINGS = (".c", ".h", ".S", ".def", ".py", ".build", ".toml", ".ld", ".txt")


def is_document(path):
    return path == "README.md" or path.endswith(".md") and path.startswith(("docs/", "libs/", "services/", "kernel/",
                                                                            "tests/", "tools/"))


def anchors(text):
    """The #anchors of a document's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#+\s+(.*)$", text, re.M):
        plain = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(plain.strip().replace(" ", "-"))
    return found


def check_link(tree, path, target):
    """The complaint about one [text](target), or None."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    there = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
    if not tree.exists(there):
        return f"dead link to {target}"
    if anchor and there.endswith(".md") and anchor not in anchors(tree.read(there)):
        return f"dead link: {there} has no heading #{anchor}"
    return None


def path_exists(tree, word):
    pattern = re.sub(r"(?<![a-z])[A-Z][A-Z_]*(?![a-z])", "*", word)
    return any(glob.glob(name.rstrip("/"), root_dir=tree.root) for name in (word, pattern))


def check_word(tree, word, tops, names):
    """The complaint about one word in backticks, or None."""
    word = re.sub(r":\d+$", "", word.removeprefix("./"))
    if "/" in word and PATH_WORD.match(word) and word.split("/")[0] in tops:
        return None if path_exists(tree, word) else f"there is no {word}"
    if IDENTIFIER.match(word) and word.removesuffix("()") not in names:
        return f"nothing in the tree is called {word}"
    return None


def source_names(tree):
    """Every identifier with an underscore in the tree's sources."""
    names = set()
    for path in tree.files:
        if path.endswith(SOURCE_ENDINGS):
            names.update(re.findall(r"\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b", tree.read(path)))
    return names


def picture_findings(tree, path, names):
    for number, line in enumerate(tree.read(path).splitlines(), 1):
        for text in re.findall(r"<text[^>]*>([^<]*)</text>", line):
            for word in re.findall(r"[\w()]+", text):
                if IDENTIFIER.match(word) and word.removesuffix("()") not in names:
                    yield Finding(path, number, "docs", f"nothing in the tree is called {word}")


def findings(tree):
    documents = [path for path in tree.files if is_document(path)]
    if not documents:
        return
    tops = {path.split("/")[0] for path in tree.files}
    names = source_names(tree)
    for path in tree.files:
        if path.startswith("docs/") and path.endswith(".svg"):
            yield from picture_findings(tree, path, names)
    for path in documents:
        in_block = False
        for number, line in enumerate(tree.read(path).splitlines(), 1):
            if line.startswith("```"):
                in_block = not in_block
            if in_block:
                continue
            complaints = [check_link(tree, path, target)
                          for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line))]
            complaints += [check_word(tree, word, tops, names) for word in re.findall(r"`([^`\s]+)`", line)]
            for complaint in complaints:
                if complaint:
                    yield Finding(path, number, "docs", complaint)
