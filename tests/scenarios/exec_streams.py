"""./x exec: streams, signals and ends, with Debian's own busybox as the program."""
import os
import signal
import subprocess
import time

BUSYBOX = "/bin/busybox"


def scenario_streams_and_exit_code_come_through(m):
    result = m.exec(BUSYBOX, "sh", "-c", "echo out; echo err >&2; exit 42")
    m.equal(result.code, 42, "exit code", result)
    m.equal(result.out, b"out\n", "standard output", result)
    m.equal(result.err, b"err\n", "standard error", result)


def scenario_64_mib_of_random_bytes_pass_through_cat_unchanged(m):
    data = os.urandom(64 << 20)
    result = m.exec(BUSYBOX, "cat", stdin=data, timeout=300)
    m.equal(result.code, 0, "exit code", result)
    m.equal(len(result.out), len(data), "bytes that came back", result)
    m.true(result.out == data, "the bytes differ from what was sent")


def scenario_a_closed_output_ends_yes(m):
    command, log = m.command([BUSYBOX, "yes"], (), 60)
    done = subprocess.run(["bash", "-c", '"$@" | head -1; exit ${PIPESTATUS[0]}', "bash", *command], cwd=m.folder,
                          capture_output=True, stdin=subprocess.DEVNULL, timeout=90, check=False)
    m.equal(done.stdout, b"y\n", f"output (log: {log})")
    m.equal(done.returncode, 128 + signal.SIGPIPE, f"exit code (log: {log})")


def scenario_data_before_the_end_of_input_is_not_lost(m):
    m.succeeds(BUSYBOX, "sh", "-c", "read a; cat", stdin=b"one\ntwo\nthree", out=b"two\nthree")
    m.succeeds(BUSYBOX, "wc", "-c", stdin=b"", out=b"0\n")


def scenario_arguments_and_environment_are_exact(m):
    odd = ["", "a b", "*", "\\", "ü", "\n", "'"]
    result = m.succeeds(BUSYBOX, "sh", "-c", 'for a; do printf "%s|" "$a"; done', "sh", *odd)
    m.equal(result.out, "".join(f"{word}|" for word in odd).encode(), "arguments", result)
    env = {"PATH": os.environ["PATH"], "A": "1=2", "B": "", "C": "ü"}
    result = m.succeeds(BUSYBOX, "env", options=["--env", "D=4"], env=env)
    expected = sorted(f"{key}={value}" for key, value in {**env, "D": "4"}.items())
    m.equal(sorted(result.out.decode().splitlines()), expected, "environment", result)
    m.succeeds(BUSYBOX, "env", options=["--clear-env", "--env", "D=4"], out=b"D=4\n")


def scenario_ids_umask_and_folder_are_the_callers(m):
    script = "id -u; id -g; umask; pwd"
    expected = subprocess.run([BUSYBOX, "sh", "-c", script], cwd=m.folder, capture_output=True, check=True).stdout
    m.shell(script, out=expected)


def scenario_a_signal_is_forwarded_and_a_second_one_ends_the_machine(m):
    session = m.start(BUSYBOX, "sh", "-c", "trap 'echo got it; exit 3' TERM; echo up; while :; do sleep 0.1; done")
    session.expect("up")
    session.signal(signal.SIGTERM)
    session.expect("got it")
    m.equal(session.wait(), 3, "exit code of a program that handles SIGTERM")
    session = m.start(BUSYBOX, "sh", "-c", "trap '' INT; echo up; while :; do sleep 0.1; done")
    session.expect("up")
    session.signal(signal.SIGINT)
    time.sleep(0.5)
    session.signal(signal.SIGINT)
    m.equal(session.wait(), 128 + signal.SIGINT, "exit code after a second SIGINT")


def scenario_every_exit_code_of_the_table(m):
    script = os.path.join(m.folder, "not-executable")
    with open(script, "w", encoding="ascii") as f:
        f.write("#!/bin/busybox sh\n")
    for program, options, expected in (
            ((BUSYBOX, "true"), (), 0),
            ((BUSYBOX, "sh", "-c", "exit 255"), (), 255),
            ((BUSYBOX, "sh", "-c", "kill -SEGV $$"), (), 128 + signal.SIGSEGV),
            ((BUSYBOX, "sh", "-c", "kill -KILL $$"), (), 128 + signal.SIGKILL),
            (("/no/such/program",), (), 127),
            (("no-such-program",), (), 127),
            ((script,), (), 126),
            ((m.folder,), (), 126),
            ((BUSYBOX, "true"), ("--machine", "none"), 125)):
        result = m.exec(*program, options=options)
        m.equal(result.code, expected, f"exit code of {' '.join(program)} {' '.join(options)}", result)
    m.equal(m.exec(BUSYBOX, "sleep", "60", timeout=3).code, 124, "exit code after --timeout")


def scenario_dynamic_programs_of_the_host_run(m):
    m.succeeds("/bin/ls", "/bin/ls", out=b"/bin/ls\n")
    m.succeeds("/bin/bash", "-c", "echo hi | /usr/bin/tr a-z A-Z", out=b"HI\n")
    m.succeeds("/usr/bin/python3", "-c", "print(6 * 7)", out=b"42\n")


def scenario_a_broken_windows_program_is_refused_with_a_reason(m):
    program = os.path.join(m.folder, "program.exe")
    with open(program, "wb") as f:
        f.write(b"MZ".ljust(0x3c, b"\0") + b"\x40\0\0\0" + b"PE\0\0")
    os.chmod(program, 0o755)
    result = m.exec(program)
    m.equal(result.code, 126, "exit code", result)
    m.matches(result.err, "program.exe: Exec format error", "standard error")


def scenario_a_machine_that_dies_is_125_with_one_line(m):
    session = m.start(BUSYBOX, "sh", "-c", "echo up; sleep 60")
    session.expect("up")
    with open(f"/proc/{session.child.pid}/task/{session.child.pid}/children", encoding="ascii") as f:
        os.kill(int(f.read().split()[0]), signal.SIGKILL)
    session.expect(r"x: the machine failed: .* \(log: .*\)\n")
    m.equal(session.wait(), 125, "exit code")


def scenario_strace_prints_the_calls(m):
    result = m.succeeds(BUSYBOX, "echo", "hello", options=["--strace"], out=b"hello\n")
    m.matches(result.err, r'write\(1, "hello\\n", 6\) += 6', "standard error")


def scenario_q35_does_what_microvm_does(m):
    m.succeeds(BUSYBOX, "sh", "-c", "cat; ls / | grep -x bin", stdin=b"in\n", options=["--machine", "q35"],
               out=b"in\nbin\n")


def scenario_uname_says_linux_6_1(m):
    m.matches(m.succeeds(BUSYBOX, "uname", "-sr").out, r"^Linux 6\.1", "uname -sr")
