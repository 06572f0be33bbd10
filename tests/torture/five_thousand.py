"""5,000 files on ext4 and FAT32, both ways, on disks of each bus and with each partition table."""
from x.testing.volumes import Ext4, Fat, both_ways

FILES, MIB, TIMEOUT = 5000, 128, 1800


def scenario_five_thousand_files_on_ext4_of_virtio_disks(m):
    both_ways(m, Ext4, "virtio", FILES, MIB, TIMEOUT)


def scenario_five_thousand_files_on_ext4_of_nvme_disks(m):
    both_ways(m, Ext4, "nvme", FILES, MIB, TIMEOUT)


def scenario_five_thousand_files_on_ext4_of_sata_disks(m):
    both_ways(m, Ext4, "ahci", FILES, MIB, TIMEOUT)


def scenario_five_thousand_files_on_fat_of_virtio_disks(m):
    both_ways(m, Fat, "virtio", FILES, MIB, TIMEOUT)


def scenario_five_thousand_files_on_fat_of_nvme_disks(m):
    both_ways(m, Fat, "nvme", FILES, MIB, TIMEOUT)


def scenario_five_thousand_files_on_fat_of_sata_disks(m):
    both_ways(m, Fat, "ahci", FILES, MIB, TIMEOUT)
