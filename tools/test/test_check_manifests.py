import unittest

from support import TreeTest
from x.check import manifests

GOOD = """id = "vfsd"
kind = "service"
execution_domain = "user"
startup = "init"
runtime_deps = []

[build]
builder = "service"

[install]
path = "services/vfsd/vfsd.elf"

[boot]
order = 2
rank = 3
service_ids = [2]
capabilities = ["VFS_POLICY"]
"""


class ManifestsTest(TreeTest):
    def setUp(self):
        super().setUp()
        self.write("abi/include/albireo/services.h", "#define CAP_VFS_POLICY (1u << 2)\n")

    def findings(self, text=GOOD):
        self.write("services/vfsd/package.toml", text)
        return self.found(manifests.findings)

    def test_a_good_manifest_is_silent(self):
        self.assertEqual(self.findings(), [])

    def test_an_unknown_key_is_named(self):
        self.assertEqual(self.findings(GOOD.replace("rank = 3", "rank = 3\nspeed = 1")),
                         ["services/vfsd/package.toml:16: manifest: unknown key boot.speed"])

    def test_an_unknown_value_is_named(self):
        self.assertIn("services/vfsd/package.toml:2: manifest: kind is 'daemon', must be one of boot, kernel",
                      self.findings(GOOD.replace('"service"\nexec', '"daemon"\nexec'))[0])

    def test_a_wrong_type_is_named(self):
        self.assertEqual(self.findings(GOOD.replace("order = 2", 'order = "2"')),
                         ["services/vfsd/package.toml:14: manifest: boot.order must be a number"])

    def test_what_runtimed_cannot_carry_out_is_named(self):
        self.assertEqual(self.findings(GOOD + """
[service]
started_by = "runtimed"
restart = "often"
"""), ["services/vfsd/package.toml:21: manifest: service.restart is 'often', must be one of never, on-failure, always"])
        self.assertEqual(self.findings(GOOD + """
[service]
started_by = "runtimed"
limit = 100
env = ["A"]
"""), ["services/vfsd/package.toml:20: manifest: service.started_by: rootd starts what has a [boot] table",
       "services/vfsd/package.toml:21: manifest: service.limit is 100, must be 0 to 31",
       "services/vfsd/package.toml:22: manifest: service.env: 'A' is not KEY=value"])

    def test_a_missing_key_is_named(self):
        self.assertEqual(self.findings(GOOD.replace('id = "vfsd"\n', "")),
                         ["services/vfsd/package.toml:1: manifest: id is missing"])

    def test_an_unknown_capability_is_named(self):
        self.assertEqual(self.findings(GOOD.replace("VFS_POLICY", "ROOT")),
                         ["services/vfsd/package.toml:17: manifest: boot.capabilities: unknown capability 'ROOT'"])

    def test_a_syntax_error_is_named(self):
        self.assertIn("services/vfsd/package.toml:3: manifest: ", self.findings('id = "a"\nkind = "app"\n= 3\n')[0])

    def test_the_same_id_twice_is_named(self):
        self.write("services/other/package.toml", GOOD)
        self.assertEqual(self.findings(), ["services/vfsd/package.toml:1: manifest: "
                                           "id 'vfsd' is taken by services/other/package.toml"])

    def test_a_dependency_that_does_not_exist_is_named(self):
        self.assertEqual(self.findings(GOOD.replace("runtime_deps = []", 'runtime_deps = ["hived"]')),
                         ["services/vfsd/package.toml:5: manifest: "
                          "runtime_deps names 'hived', which no package has as id"])

    def test_a_circle_of_dependencies_is_named(self):
        self.write("services/procd/package.toml",
                   GOOD.replace("vfsd", "procd").replace("runtime_deps = []", 'runtime_deps = ["vfsd"]'))
        found = self.findings(GOOD.replace("runtime_deps = []", 'runtime_deps = ["procd"]'))
        self.assertEqual(found, [
            "services/procd/package.toml:5: manifest: runtime_deps form a circle: procd -> vfsd -> procd",
            "services/vfsd/package.toml:5: manifest: runtime_deps form a circle: vfsd -> procd -> vfsd"])

    def test_a_rank_that_is_not_that_of_the_service_table_is_named(self):
        self.write("abi/services.def", "SERVICE(2, VFSD, vfsd, 4, CAP_VFS_POLICY)\n")
        self.assertEqual(self.findings(), ["services/vfsd/package.toml:15: manifest: boot.rank is 3, "
                                           "abi/services.def says 4"])

    def test_a_comma_in_a_list_item_is_named(self):
        driver = 'id = "d"\nkind = "bridge-driver"\n[autoload]\nname = "d"\nclass = "c"\nbus = "pci"\naliases = ["a,b"]\n'
        self.write("drivers/bridges/c/d/package.toml", driver)
        self.assertEqual(self.findings(), ["drivers/bridges/c/d/package.toml:7: manifest: autoload.aliases: "
                                           "'a,b' holds a tab, a line end or a comma"])


if __name__ == "__main__":
    unittest.main()
