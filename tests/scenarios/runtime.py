"""runtimed and its client in a machine: the same steps as on this host, and a Windows program."""
from x import stage
from x.testing import runtime

WINDOWS_PROGRAM = "/windows/c/windows/system32/hostname.exe"


def scenario_runtimed_leads_the_same_life_in_a_machine(m):
    result = m.exec("/usr/bin/python3", runtime.DRIVE, *runtime.programs("user"), WINDOWS_PROGRAM, timeout=400)
    m.equal(result.code, 0, "exit code of drive.py" + "\n" + result.out.decode("utf-8", "replace")[-4000:], result)
    m.matches(result.out, r"(?m)^ok a_windows_program_is_launched$", "the last step")


def scenario_sessiond_draws_and_switches_in_a_machine(m):
    result = m.exec("/usr/bin/python3", runtime.CONSOLE, runtime.sessiond("user"), timeout=300)
    m.equal(result.code, 0, "exit code of console.py" + "\n" + result.out.decode("utf-8", "replace")[-4000:], result)


NEVER_ENDS = """cat > /tmp/work <<'END'
#!/bin/busybox sh
exec sleep 1000
END
chmod 755 /tmp/work; runtimectl launch-path /tmp/work
"""


def scenario_initd_starts_runtimed_again_and_has_it_stop_in_order(m):
    shell = m.start_shell(options=("--direct", "--root", "/", "--bundle", stage.RUN_BUNDLE), is_tty=False)
    shell.expect_log(r"runtimed: ready", timeout=60)
    shell.send("PATH=$PATH:/system/bin\n" + NEVER_ENDS)
    session, pid = shell.expect(r"session (\d+) pid (\d+)\n", timeout=60).groups()
    shell.send("kill -9 $(pidof runtimed.elf)\n")
    shell.expect_log(r"runtimed died, starting it again(?s:.*)work: runs already, as pid " + pid.decode(), timeout=60)
    shell.expect_log(r"runtimed died(?s:.*)runtimed: ready", timeout=60)
    shell.send("runtimectl list\n")
    shell.expect(session + rb" +" + pid + rb" +running +session .* work\n", timeout=60)
    shell.send("poweroff\n")
    m.equal(shell.wait(timeout=120), 0, "exit code of ./x run")
    m.matches(shell.log_text(), r"runtimed: going down(?s:.*)runtimed: down", "an orderly end in the log")
