"""./x exec from its command line to its exit code, against tools/test/fake_qemu.py."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from x.testing.runs import Session

HERE = os.path.dirname(os.path.abspath(__file__))


class ExecTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="albireo-exec-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.build = os.path.join(self.folder, "build")
        self.work = os.path.join(self.folder, "work")
        for path in ("build/kernel/kernel/nucleus.elf", "build/bundle.cpio"):
            self.write(path, "")
        self.write("build/gen/run-defaults", "binary\tqemu\nmachine\tmicrovm\naccel\ttcg\nmem\t512M\nsmp\t1\nfault\ta=off\n")
        os.makedirs(self.work)

    def write(self, path, text):
        full = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(text)

    def command(self, *arguments):
        return [os.path.join(HERE, "run_fake.py"), self.build, *arguments]

    def run_x(self, *arguments, **keywords):
        keywords.setdefault("stdin", None if "input" in keywords else subprocess.DEVNULL)
        keywords.setdefault("cwd", self.work)
        return subprocess.run(self.command(*arguments), capture_output=True, timeout=60, **keywords)

    def logs(self):
        folder = os.path.join(self.build, "logs")
        return os.listdir(folder) if os.path.isdir(folder) else []

    def test_streams_and_exit_code_come_through(self):
        done = self.run_x("--", "both")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (42, b"out\n", b"err\n"))
        self.assertEqual(self.logs(), [])

    def test_bytes_pass_unchanged_both_ways(self):
        data = os.urandom(5 << 20)
        done = self.run_x("cat", input=data)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(done.stdout == data)

    def test_empty_and_closed_input_end_at_once(self):
        self.assertEqual(self.run_x("cat").stdout, b"")
        closed = subprocess.run(["sh", "-c", '"$@" <&-', "sh", *self.command("cat")], cwd=self.work, timeout=60,
                                capture_output=True)
        self.assertEqual((closed.returncode, closed.stdout), (0, b""))

    def test_exit_codes(self):
        for program, expected in ((("exit", "7"), 7), (("exit", "256"), 255), (("kill", "11"), 139),
                                  (("refuse", "127"), 127), (("refuse", "126"), 126), (("stop", "poweroff"), 0)):
            with self.subTest(program=program):
                self.assertEqual(self.run_x("--", *program).returncode, expected)

    def test_a_refusal_says_why(self):
        self.assertEqual(self.run_x("--", "refuse", "127").stderr, b"nothing: not found\n")

    def test_a_panic_is_125_with_one_line_and_a_log(self):
        done = self.run_x("--", "panic")
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r'^x: the machine failed: panic: null write in vfsd \(log: .*/logs/.*\)\n$')
        self.assertEqual(len(self.logs()), 1)

    def test_a_command_line_that_is_wrong_is_125(self):
        for arguments in ((), ("--no-such",), ("--timeout", "soon", "true"), ("--machine", "pc", "true"),
                          ("--bind", "/nowhere", "true"), ("--icount", "--smp", "2", "true"),
                          ("--fault", "no.such=fail", "true"), ("--fault", "ipc.call=rate:x", "true"),
                          ("--log-level", "vfs=loud", "true")):
            with self.subTest(arguments=arguments):
                done = self.run_x(*arguments)
                self.assertEqual(done.returncode, 125)
                self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_a_timeout_is_124(self):
        start = time.monotonic()
        self.assertEqual(self.run_x("--timeout", "0.2", "--", "hang").returncode, 124)
        self.assertLess(time.monotonic() - start, 10)

    def test_a_timeout_kills_the_program_first(self):
        self.assertEqual(self.run_x("--timeout", "0.2", "--", "signals").returncode, 124)

    def test_a_closed_output_ends_the_writer(self):
        done = subprocess.run(["bash", "-c", '"$@" | head -1; echo ${PIPESTATUS[0]}', "bash", *self.command("yes")],
                              cwd=self.work, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        self.assertEqual(done.stdout, b"y\n141\n")

    def test_the_request_says_what_the_caller_is(self):
        env = {"PATH": "/bin", "A": "1=2", "ODD": "ü"}
        # Which of both builds ./x takes is not the program's.
        env.update({name: value for name, value in os.environ.items() if name == "ALBIREO_DEBUG"})
        done = self.run_x("--env", "B=3", "--env", "A=4", "--", "show", "x y", "", env=env)
        lines = done.stdout.split(b"\n")
        self.assertEqual(lines[:5], [b"albireo-exec", b"1", b"arg=show", b"arg=x y", b"arg="])
        for line in (b"env=PATH=/bin", b"env=A=4", "env=ODD=ü".encode(), b"env=B=3", b"cwd=" + self.work.encode(),
                     b"uid=%d" % os.getuid(), b"tty=0", b"mode=exec", b"mount=host0:ro:/",
                     b"mount=host1:rw:" + self.work.encode()):
            self.assertIn(line, lines)
        self.assertEqual([line for line in lines if line.startswith(b"env=LC_")], [])

    def test_clear_env_leaves_only_what_is_set(self):
        lines = self.run_x("--clear-env", "--env", "A=1", "--", "show").stdout.split(b"\n")
        self.assertEqual([line for line in lines if line.startswith(b"env=")], [b"env=A=1"])

    def test_ro_and_bind_become_mounts(self):
        os.makedirs(os.path.join(self.folder, "a:b"))
        place = self.folder + "/a\\:b:/data:ro"
        lines = self.run_x("--ro", "--bind", place, "--", "show").stdout.decode().split("\n")
        self.assertIn(f"mount=host1:ro:{self.work}", lines)
        self.assertIn("mount=host2:ro:/data", lines)

    def test_outer_folders_are_mounted_before_inner_ones(self):
        lines = self.run_x("--bind", self.folder + ":" + os.path.dirname(self.work), "--", "show").stdout.decode().split("\n")
        mounts = [line.split(":", 2)[2] for line in lines if line.startswith("mount=")]
        self.assertEqual(mounts[:3], ["/", os.path.dirname(self.work), self.work])

    def test_a_system_folder_is_read_only_with_a_warning(self):
        done = self.run_x("--", "show", cwd="/usr/bin")
        self.assertIn(b"mount=host1:ro:/usr/bin", done.stdout.split(b"\n"))
        self.assertEqual(done.stderr, b"x: /usr/bin is a system folder; it is read-only in the machine\n")

    def test_fault_rules_come_from_the_configuration_and_the_command_line(self):
        done = self.run_x("--fault", "ipc.call=rate:5", "--log-level", "vfs=trace", "--", "show")
        self.assertIn(b"opt/albireo/fault-injection: a=off\nipc.call=rate:5\n", done.stdout)
        self.assertIn(b"opt/albireo/log: vfs=trace\n", done.stdout)

    def test_strace_lines_come_on_stderr(self):
        self.assertEqual(self.run_x("--strace", "--", "strace").stderr, b"getpid() = 42\n")

    def test_log_and_keep_log(self):
        log = os.path.join(self.folder, "my.log")
        self.run_x("--log", log, "--", "strace")
        self.assertTrue(os.path.exists(log))
        done = self.run_x("--keep-log", "--", "strace")
        self.assertRegex(done.stderr.decode(), r"^x: log: .*\n$")
        self.assertEqual(len(self.logs()), 1)

    def test_hidden_files_of_this_run_alone_are_removed(self):
        done = self.run_x("--", "show")
        self.assertRegex(done.stdout.decode(), r"(?m)^id=[0-9a-f]{16}$")
        os.makedirs(os.path.join(self.work, ".albireo-0123"))
        self.run_x("--", "exit", "0")
        self.assertEqual(os.listdir(self.work), [".albireo-0123"])

    def session(self, *arguments, is_tty=False):
        session = Session(self.command(*arguments), self.work, None, "", is_tty)
        self.addCleanup(session.kill)
        return session

    def test_a_signal_is_forwarded(self):
        session = self.session("--", "signals")
        session.expect("waiting")
        session.signal(signal.SIGTERM)
        self.assertEqual(session.wait(), 128 + signal.SIGTERM)

    def test_a_second_signal_ends_the_machine(self):
        session = self.session("--", "hang")
        time.sleep(0.5)
        session.signal(signal.SIGINT)
        time.sleep(0.1)
        session.signal(signal.SIGINT)
        self.assertEqual(session.wait(), 128 + signal.SIGINT)

    def test_qemu_does_not_outlive_the_tool(self):
        session = self.session("--", "hang")
        time.sleep(0.5)
        with open(f"/proc/{session.child.pid}/task/{session.child.pid}/children", encoding="ascii") as f:
            qemu = int(f.read().split()[0])
        session.signal(signal.SIGKILL)
        session.child.wait()
        for _ in range(100):
            if not os.path.exists(f"/proc/{qemu}") or "State:\tZ" in read(f"/proc/{qemu}/status"):
                return
            time.sleep(0.05)
        self.fail("the stand-in for QEMU still runs")

    def test_a_terminal_is_raw_and_follows_its_size(self):
        session = self.session("--", "size", is_tty=True)
        session.expect("rows=24")
        session.expect("cols=80")
        session.expect("winsize 24 80")
        session.resize(50, 132)
        session.expect("winsize 50 132")
        session.send("\x03\x1a")
        session.expect(r"x03\\x1a")
        session.send("q")
        self.assertEqual(session.wait(), 0)

    def test_three_escapes_end_the_machine(self):
        session = self.session("--", "size", is_tty=True)
        session.expect("winsize")
        session.send("\x1d\x1dx\x1d")
        session.expect("x1d")
        session.send("\x1d\x1d")
        self.assertEqual(session.wait(), 137)


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError:
        return "State:\tZ"


class HelpTest(unittest.TestCase):
    def test_every_option_is_told_of(self):
        from x import execute
        text = execute.describe(execute.OPTIONS)
        for name in execute.OPTIONS:
            self.assertIn(f"  {name}", text)


if __name__ == "__main__":
    unittest.main()
