"""Power cuts, a few of those of ./x torture powercut."""
from x.testing.power_cut import FatCase, cut_power

SEED = 5
OPERATIONS, CUTS = 500, 30


def scenario_power_cut_of_a_fat_disk(m):
    cut_power(m, FatCase(m.folder, 16, 16), SEED, OPERATIONS, CUTS)
