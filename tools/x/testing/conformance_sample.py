"""The cases of ./x conformance whose programs are libwine's own, which every host of ours has."""
from x import conformance, wine
from x.testing import Test


def sample_test(case):
    def run():
        wine.ensure_prefix()
        conformance.compare(case, "machine")
    return Test(f"conformance: {case['name']}", run, is_parallel=True)


def tests():
    return [sample_test(case) for case in conformance.read_cases() if conformance.is_shipped(case["run"][0])]
