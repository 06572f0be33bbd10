"""A short run of every fuzz target with a fixed seed, after what was found before: `./x fuzz` has the time to look
further."""
from x import fuzz, fuzz_build
from x.testing import Mismatch, Test

# target: inputs, where one takes longer than elsewhere, or where more are worth it
SAMPLES = {"console": 1500, "ext4": 500, "fat": 1000, "ipc_runtimed": 1000, "ipc_vfsd": 300, "pe": 5000}
INPUTS = 1500


def sample_test(name):
    def run():
        output = fuzz.sample(name, SAMPLES.get(name, INPUTS))
        if output is not None:
            raise Mismatch(output)
    return Test(f"fuzz: {name}", run, is_parallel=True)


def tests():
    return [sample_test(name) for name in fuzz_build.names()]
