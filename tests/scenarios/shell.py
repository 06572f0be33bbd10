"""./x run: what one types at the first prompt."""
from x.testing import Mismatch

# Debian's /etc/profile sets "# "; busybox then asks the terminal where its cursor is.
PROMPT = r"# (?:\x1b\[6n)?\Z"


def start(m, **keywords):
    session = m.start_shell(**keywords)
    session.expect(PROMPT, timeout=60)
    return session


def run(session, line, expected, timeout=30):
    session.send(line + "\r")
    session.expect(expected, timeout)
    session.expect(PROMPT, timeout)


def press(session, key, expected):
    """Press a key for the job that `fg` just named. The shell names it before it hands over the
    terminal, so the key may come too early, here as on Linux; a second one does no harm."""
    for _ in range(40):
        session.send(key)
        try:
            return session.expect(expected, 0.5)
        except Mismatch:
            pass
    session.send(key)
    return session.expect(expected)


def scenario_pipelines_jobs_and_keys_work_at_the_prompt(m):
    shell = start(m)
    run(shell, "ls / | sort | head -1", r"\nbin\r\n")
    run(shell, "sleep 100 &", r"\n")
    run(shell, "jobs", r"Running +sleep 100")
    shell.send("fg\r")
    shell.expect("sleep 100\r\n")
    press(shell, "\x1a", "Stopped +sleep 100")
    shell.expect(PROMPT)
    shell.send("fg\r")
    shell.expect("sleep 100\r\n")
    press(shell, "\x03", PROMPT)
    run(shell, "echo last $?", r"\nlast 130\r\n")
    run(shell, "jobs; echo none", r"\nnone\r\n")


def scenario_vi_edits_a_file(m):
    shell = start(m)
    shell.send("vi note\r")
    shell.expect(r"- note .*\x1b\[1;1H")
    shell.send("ihello from vi")
    shell.expect("hello from vi")
    shell.send("\x1b")
    shell.expect(r"- note ")
    shell.send(":wq\r")
    shell.expect(PROMPT)
    run(shell, "cat note", r"\nhello from vi\r\n")


def scenario_line_editing_and_history_work(m):
    shell = start(m)
    run(shell, "echo onee\x7f", r"\none\r\n")
    run(shell, "\x1b[A", r"\none\r\n")


def scenario_poweroff_ends_the_machine_with_0(m):
    shell = start(m)
    shell.send("poweroff\r")
    m.equal(shell.wait(), 0, "exit code of ./x run")


def scenario_exit_gives_the_shells_code(m):
    shell = start(m)
    shell.send("exit 7\r")
    m.equal(shell.wait(), 7, "exit code of ./x run")


def scenario_the_terminal_follows_resizing(m):
    shell = start(m)
    run(shell, "stty size", r"\n24 80\r\n")
    shell.resize(40, 100)
    shell.send("\r")
    shell.expect(PROMPT)
    run(shell, "stty size", r"\n40 100\r\n")


def scenario_the_hosts_root_is_read_only_and_home_is_not(m):
    shell = start(m)
    run(shell, "touch /etc/x; touch ~/x && echo made", r"Read-only file system\r\n(.|\n)*made")
