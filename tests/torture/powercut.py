"""Power cuts at 300 entries of the log of a disk's writes, for each filesystem, and again with failing writes."""
from x.testing.power_cut import Ext4Case, FatCase, cut_power

IS_ALONE = True
SEED = 20261
OPERATIONS, CUTS = 2500, 300
FAULTS = ("--fault", "block.write=rate:20")
# The first that meets the journal ends all changes.
RARE_FAULTS, JOURNALS = ("--fault", "block.write=rate:1"), 6


def scenario_powercut_of_fat16(m):
    cut_power(m, FatCase(m.folder, 16, 16), SEED, OPERATIONS, CUTS)


def scenario_powercut_of_fat32(m):
    cut_power(m, FatCase(m.folder, 32, 40), SEED + 1, OPERATIONS, CUTS)


def scenario_powercut_of_fat16_whose_writes_fail(m):
    cut_power(m, FatCase(m.folder, 16, 16), SEED + 2, OPERATIONS, CUTS, FAULTS)


def scenario_powercut_of_ext4(m):
    cut_power(m, Ext4Case(m.folder, 4096, 32), SEED + 3, OPERATIONS, CUTS)


def scenario_powercut_of_ext4_of_small_blocks(m):
    cut_power(m, Ext4Case(m.folder, 1024, 16), SEED + 4, OPERATIONS, CUTS)


def scenario_powercut_of_ext4_whose_writes_fail(m):
    for round_ in range(JOURNALS):
        cut_power(m, Ext4Case(m.folder, 4096, 32), SEED + 5 + round_, OPERATIONS, CUTS // JOURNALS, RARE_FAULTS)
