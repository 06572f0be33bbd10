"""The environment variables that ./x reads: `./x check` finds one that is not listed."""

# name: (what it sets, what holds without it)
VARIABLES = {
    "QEMU_BIN": ("the QEMU of `./x exec` and `./x run`", "`binary` of `[qemu]` in `config/system.toml`"),
    "ALBIREO_DEBUG": ("`1`: every command works on the build with checks, `build/debug`", "not; `./x test --debug` sets it"),
    "ALBIREO_TORTURE_SECONDS": ("how long timed tortures run together", "1200; `./x torture --time` sets it"),
    "ALBIREO_SEED": ("the seed of `./x torture` and other random tests", "a new one, which is printed"),
    "TMPDIR": ("where logs go that do not fit below `build/`, and sockets", "`/tmp`"),
    "TERM": ("the terminal of the program in the machine", "`linux`"),
    "ALBIREO_GRUB_SIGNING_KEY": ("key that signs, by id or user", "a development key, made when it is first needed"),
    "ALBIREO_GRUB_PUBKEY": ("file of the public key that GRUB holds (`gpg --export`)", "the signing key's, as `build/dev-grub.pub`"),
    "ALBIREO_GPG_HOME": ("gpg's folder", "`build/dev-grub-gpg`"),
    "ALBIREO_GRUB_MODULES": ("GRUB's modules", "those that `boot/grub.cfg` needs"),
    "ALBIREO_GRUB_SBAT": ("SBAT file for grub-mkstandalone", "none"),
    "GRUB_MKSTANDALONE": ("GRUB's tool that makes `BOOTX64.EFI`", "`grub-mkstandalone` of `PATH`"),
    "GRUB_FILE": ("GRUB's tool that looks at the kernel", "`grub-file` of `PATH`"),
    "OVMF_PATH": ("firmware of `./x run`", "Debian's `ovmf`"),
}
