"""Power cuts, a few of those of ./x torture powercut."""
from x.testing.power_cut import Ext4Case, FatCase, cut_power

SEED = 5
OPERATIONS, CUTS = 350, 20


def scenario_power_cut_of_a_fat_disk(m):
    cut_power(m, FatCase(m.folder, 16, 16), SEED, OPERATIONS, CUTS)


def scenario_power_cut_of_an_ext4_disk(m):
    cut_power(m, Ext4Case(m.folder, 4096, 16), SEED, OPERATIONS, CUTS)
