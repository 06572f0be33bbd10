import os
import subprocess
import sys
import tempfile
import unittest

from x import bundle, registry, stage
from x.common import ROOT
from x.manifest import Package

GEN = os.path.join(ROOT, "tools", "gen")


def package(folder, **data):
    return Package(f"{folder}/package.toml", data)


class ProgramTest(unittest.TestCase):
    def test_what_only_a_debugger_reads_is_not_staged(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program")
            subprocess.run(["cc", "-g", "-x", "c", "-o", path, "-"], input=b"int main(void) { return 0; }", check=True)
            with open(path, "rb") as f:
                built = f.read()
            staged = stage.read_program(path)
        self.assertIn(b".debug_info", built)
        self.assertNotIn(b".debug_info", staged)
        self.assertIn(b".symtab", staged)


class BundleTest(unittest.TestCase):
    FILES = [("boot-manifest.tsv", bundle.MODE_FILE, b"a\n"), ("bin/tool", bundle.MODE_PROGRAM, b"x" * 5000),
             ("empty", bundle.MODE_FILE, b"")]

    def test_every_files_data_lies_on_a_page(self):
        data = bundle.archive(self.FILES)
        for name, _, content in self.FILES:
            header = data.index(name.encode() + b"\0") - bundle.HEADER_BYTES
            self.assertEqual(header % bundle.PAGE, 0)
            start = header + bundle.PAGE
            self.assertEqual(data[start:start + len(content)], content)
            self.assertEqual(data[start + len(content):start + len(content) + -len(content) % bundle.PAGE].strip(b"\0"), b"")

    def test_the_same_files_give_the_same_bytes(self):
        self.assertEqual(bundle.archive(self.FILES), bundle.archive(list(self.FILES)))


class RegistryTest(unittest.TestCase):
    def driver(self, name, **autoload):
        return package(f"drivers/bridges/c/{name}", id=name, install={"path": f"system/drivers/c/{name}.ko"},
                       autoload={"name": name, "class": "display", "bus": "pci", **autoload})

    def test_a_last_resort_comes_after_the_others(self):
        lines = registry.loadable_drivers([self.driver("bootfb", fallback_only=True, priority=9),
                                           self.driver("gpu", priority=1, aliases=["pci:a", "pci:b"])]).splitlines()
        self.assertEqual([line.split("\t")[0] for line in lines], ["name=gpu", "name=bootfb"])
        self.assertIn("\tclass=display\t", lines[0])
        self.assertIn("\taliases=pci:a,pci:b\t", lines[0])
        self.assertIn("\tlinux_driver_names=gpu", lines[0])

    def test_built_in_and_disabled_drivers_are_not_loadable(self):
        built_in = self.driver("a")
        built_in.data["builtin"] = True
        self.assertEqual(registry.loadable_drivers([built_in, self.driver("b", enabled=False)]), "")

    def test_programs_start_after_what_they_depend_on(self):
        packages = [package("services/a", id="a", startup="init", runtime_deps=["b"], install={"path": "a.elf"}),
                    package("services/b", id="b", startup="init", install={"path": "b.elf"})]
        starts = [line.split("\t")[0] for line in registry.startup_programs(packages).splitlines()]
        self.assertEqual(starts, ["id=b", "id=a"])

    def test_a_started_program_has_its_policy_and_its_place_in_the_machine(self):
        packages = [package("services/a", id="a", startup="init", install={"path": "services/a/a.elf"},
                            build={"builder": "musl-app"}, service={"limit": 3, "restart": "always", "args": ["-x", "y"]}),
                    package("services/b", id="b", startup="init", install={"path": "b.elf"}, boot={"order": 1, "rank": 1})]
        self.assertEqual(registry.startup_programs(packages),
                         "id=a\tstartup=init\texec=/system/services/a/a.elf\truntime_deps=\tstarted_by=runtimed\t"
                         "restart=always\tlimit=3\targs=-x,y\n"
                         "id=b\tstartup=init\texec=/b.elf\truntime_deps=\tstarted_by=rootd\n")

    def test_the_boot_manifest_has_bare_columns_in_boot_order(self):
        packages = [package("services/z", id="z", install={"path": "z.elf"}, boot={"order": 1, "rank": 2}),
                    package("services/a", id="a", install={"path": "a.elf"},
                            boot={"order": 2, "rank": 3, "service_ids": [2, 4], "capabilities": ["X"], "pid": 101})]
        self.assertEqual(registry.boot_manifest(packages, {"z.elf": ("00", 1), "a.elf": ("11", 1)}),
                         "z\tz.elf\t00\t2\t-\t-\t-\t1\tboot\na\ta.elf\t11\t3\t2,4\tX\t101\t2\tboot\n")


class ModulesTest(unittest.TestCase):
    def test_the_bundle_has_modules_for_boot_and_the_sums_of_all(self):
        def driver(name, when):
            return package(f"drivers/bridges/c/{name}", id=name, build={"builder": "module-image"},
                           install={"path": f"system/drivers/c/{name}.ko"}, autoload={"name": name, "when": when})
        staged = {f"system/drivers/c/{name}.ko": name.encode() for name in ("early", "late")}
        staged.update({path: b"" for path in registry.REGISTRIES})
        files = {name: data for name, _, data in
                 stage.bundle_files([driver("early", "boot"), driver("late", "vfs-ready")], staged, [])}
        self.assertEqual([name for name in files if name.endswith(".ko")], ["system/drivers/c/early.ko"])
        listed = [line.split("\t")[0] for line in files["sums.tsv"].decode().splitlines()]
        self.assertIn("system/drivers/c/early.ko", listed)
        self.assertIn("system/drivers/c/late.ko", listed)


class KsymsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def link(self, table, output):
        source = os.path.join(self.folder, "main.c")
        with open(source, "w", encoding="ascii") as f:
            f.write("""#include <stdint.h>
                extern const uint64_t ksyms_count, ksyms_addresses[]; extern const uint32_t ksyms_offsets[];
                extern const char ksyms_names[]; int puts(const char *); int main(void) {
                for (uint64_t i = 0; i < ksyms_count; i++)
                    if (ksyms_addresses[i] == (uint64_t)main) puts(ksyms_names + ksyms_offsets[i]);
                return 0; }""")
        path = os.path.join(self.folder, output)
        subprocess.run(["gcc", "-no-pie", "-fno-pie", "-o", path, source, table], check=True)
        return path

    def ksyms(self, *arguments):
        return subprocess.run([sys.executable, os.path.join(GEN, "ksyms.py"), *arguments], check=False,
                              capture_output=True).returncode

    def test_a_program_finds_its_own_names(self):
        table = os.path.join(self.folder, "ksyms.S")
        self.assertEqual(self.ksyms("--empty", table), 0)
        first = self.link(table, "first")
        self.assertEqual(subprocess.run([first], capture_output=True, check=True).stdout, b"")
        self.assertEqual(self.ksyms(first, table), 0)
        second = self.link(table, "second")
        self.assertEqual(subprocess.run([second], capture_output=True, check=True).stdout, b"main\n")
        self.assertEqual(self.ksyms("--check", first, second), 0)


class LogConfigTest(unittest.TestCase):
    def run_config(self, text):
        with tempfile.TemporaryDirectory() as folder:
            source, output = os.path.join(folder, "system.toml"), os.path.join(folder, "log_config.h")
            with open(source, "w", encoding="ascii") as f:
                f.write(text)
            done = subprocess.run([sys.executable, os.path.join(GEN, "log_config.py"), source, output],
                                  capture_output=True, text=True, check=False)
            if done.returncode:
                return done.stderr
            with open(output, encoding="ascii") as f:
                return f.read()

    def test_categories_override_the_default_level(self):
        header = self.run_config('[logging]\nmin_level = "warn"\nring_buffer_bytes = 4096\n'
                                 '[logging.categories]\nvfs = "trace"\nsyscall = "off"\n')
        for line in ("#define LOG_LEVEL_BOOT 4", "#define LOG_LEVEL_VFS 1", "#define LOG_LEVEL_SYSCALL 0",
                     "#define LOG_RING_BYTES 4096"):
            self.assertIn(line, header.splitlines())

    def test_disabled_logging_turns_every_category_off(self):
        self.assertNotIn(" 3\n", self.run_config("[logging]\nenabled = false\n").split("#define LOG_RING")[0])

    def test_an_unknown_category_is_named(self):
        self.assertIn("unknown category logging.categories.wifi",
                      self.run_config('[logging.categories]\nwifi = "info"\n'))


if __name__ == "__main__":
    unittest.main()
