"""5,000 files on ext4, both ways, on disks of each bus and with each partition table."""
from x.testing.volumes import ext4_both_ways

TIMEOUT = 1800


def scenario_five_thousand_files_on_ext4_of_virtio_disks(m):
    ext4_both_ways(m, "virtio", 5000, 128, TIMEOUT)


def scenario_five_thousand_files_on_ext4_of_nvme_disks(m):
    ext4_both_ways(m, "nvme", 5000, 128, TIMEOUT)


def scenario_five_thousand_files_on_ext4_of_sata_disks(m):
    ext4_both_ways(m, "ahci", 5000, 128, TIMEOUT)
