"""./x check as tests, one a rule."""
from x.check import command
from x.check.tree import Tree
from x.common import ROOT
from x.testing import Mismatch, Test


def rule_test(rule, findings):
    def run():
        found = list(findings(Tree(ROOT)))
        if found:
            raise Mismatch("\n".join(str(finding) for finding in found))
    return Test(f"check: {rule}", run)


def tests():
    return [rule_test(rule, findings) for rule, findings in command.RULES.items()]
