"""A short run of fuzz targets with a fixed seed: `./x fuzz` has the time to look further."""
from x import fuzz
from x.testing import Mismatch, Test

# target: inputs
SAMPLES = {"console": 2000, "ext4": 800, "fat": 2000, "partition": 1500, "pe": 10000, "runtime_request": 3000}


def sample_test(name, runs):
    def run():
        output = fuzz.sample(name, runs)
        if output is not None:
            raise Mismatch(output)
    return Test(f"fuzz: {name}", run, is_parallel=True)


def tests():
    return [sample_test(name, runs) for name, runs in SAMPLES.items()]
