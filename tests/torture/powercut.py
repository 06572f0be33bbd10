"""Power cuts at 300 entries of the log of a disk's writes, for each filesystem, and again with failing writes."""
from x.testing.power_cut import FatCase, cut_power

IS_ALONE = True
SEED = 20261
OPERATIONS, CUTS = 2500, 300
FAULTS = ("--fault", "block.write=rate:20")


def scenario_powercut_of_fat16(m):
    cut_power(m, FatCase(m.folder, 16, 16), SEED, OPERATIONS, CUTS)


def scenario_powercut_of_fat32(m):
    cut_power(m, FatCase(m.folder, 32, 40), SEED + 1, OPERATIONS, CUTS)


def scenario_powercut_of_fat16_whose_writes_fail(m):
    cut_power(m, FatCase(m.folder, 16, 16), SEED + 2, OPERATIONS, CUTS, FAULTS)
