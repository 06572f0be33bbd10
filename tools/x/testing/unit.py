"""Python unit tests of the tool itself: tools/test/test_*.py."""
import os
import sys
import unittest

from x.common import ROOT
from x.testing import Mismatch, Test

FOLDER = os.path.join(ROOT, "tools", "test")


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def case_test(case):
    def run():
        result = unittest.TestResult()
        case.run(result)
        trouble = result.failures + result.errors
        if trouble:
            raise Mismatch("\n".join(text for _, text in trouble))
    return Test(f"tool: {case.id()}", run)


def tests():
    sys.path.insert(0, FOLDER)
    return [case_test(case) for case in cases(unittest.TestLoader().discover(FOLDER, "test_*.py"))]
