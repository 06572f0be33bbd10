"""Static test programs, as the host world's meson builds them under build/host/tests/GROUP."""
import os

from x.common import BUILD

# Their programs lie in the test bundle, as /system/tests/NAME.
BUNDLED_GROUPS = ("bin", "bench", "hostile")


def in_group(group):
    """[(name, path)] of the programs of tests/GROUP, by name."""
    folder = os.path.join(BUILD, "host", "tests", group)
    if not os.path.isdir(folder):
        return []
    paths = [(name, os.path.join(folder, name)) for name in sorted(os.listdir(folder))]
    return [(name, path) for name, path in paths if os.path.isfile(path) and os.access(path, os.X_OK)]


def for_bundle():
    return [program for group in BUNDLED_GROUPS for program in in_group(group)]
