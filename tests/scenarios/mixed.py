"""Pipelines and families of Linux and Windows programs: output, order, exit codes, Ctrl-C."""
import hashlib
import os
import shutil

from x.common import BUILD

PROGRAMS = os.path.join(BUILD, "host", "tests", "mixed")


def bring(m, *names):
    """Put programs of tests/mixed into the working folder."""
    for name in names:
        shutil.copy(os.path.join(PROGRAMS, name + ".exe"), m.folder)


def bash(m, script, **keywords):
    return m.exec("/bin/bash", "-c", script, **keywords)


def lines(result):
    return result.out.decode("utf-8", "replace").replace("\r\n", "\n").splitlines()


def start_bash(m):
    """An interactive bash on a terminal, at its prompt."""
    session = m.start("/bin/bash", "--norc", "--noprofile", "-i", is_tty=True, env={**os.environ, "PS1": "at the prompt> "})
    session.expect("at the prompt> ")
    return session


def scenario_a_windows_filter_in_a_pipeline_passes_every_byte(m):
    bring(m, "upper")
    for name in ("one", "two", "three"):
        with open(os.path.join(m.folder, name), "w", encoding="utf-8") as f:
            f.write(name)
    result = bash(m, "diff <(ls -l | ./upper.exe | sort) <(ls -l | tr a-z A-Z | sort) && ls -l | ./upper.exe | sort; "
                     "echo ${PIPESTATUS[*]}")
    m.equal(lines(result)[-1], "0 0 0", "exit codes of ls -l | ./upper.exe | sort", result)
    m.matches(result.out, r"(?m)THREE$", "the listing")
    result = bash(m, "seq -f 'line %.0f of many' 100000 | ./upper.exe | sha256sum; echo ${PIPESTATUS[*]}", timeout=120)
    text = "".join(f"LINE {i} OF MANY\n" for i in range(1, 100001)).encode()
    m.equal(lines(result), [hashlib.sha256(text).hexdigest() + "  -", "0 0 0"], "2 MB through upper.exe", result)


def scenario_a_windows_program_starts_bash(m):
    bring(m, "starter")
    result = m.exec("./starter.exe")
    m.equal(lines(result), ["before", "from bash", "code 3", "killed", "[a pipe", "apple", "fig", "pear", "20000",
                            "] then error 109", "code 4"], "output of starter.exe", result)
    m.equal(result.code, 0, "exit code of starter.exe", result)


def scenario_signals_of_linux_end_windows_programs(m):
    bring(m, "sleep")
    result = bash(m, "timeout 2 ./sleep.exe; echo $?")
    m.equal(lines(result)[-1], "124", "exit code of timeout", result)
    result = bash(m, "for s in TERM KILL INT; do coproc ./sleep.exe; read up <&${COPROC[0]}; pid=$COPROC_PID; "
                     "kill -$s $pid; wait $pid; echo ${up%?} $s $?; done 2> /dev/null")
    m.equal(lines(result), ["asleep TERM 143", "asleep KILL 137", "asleep INT 130"], "ends by signals", result)


def scenario_ctrl_c_reaches_every_program_of_a_pipeline(m):
    bring(m, "sleep", "waiter")
    session = start_bash(m)
    session.send("./sleep.exe | /bin/cat\r")
    session.expect(r"[\r\n]asleep")
    session.send("\x03")
    session.expect("at the prompt> ")
    session.send("echo codes ${PIPESTATUS[*]}\r")
    session.expect(r"[\r\n]codes 130 130")
    session.expect("at the prompt> ")
    session.send("./waiter.exe\r")
    session.expect(r"[\r\n]ready")
    session.send("\x03")
    session.expect(r"event 0\r*\n")
    session.expect("once")
    session.send("\x1c")
    session.expect(r"event 1\r*\n")
    session.expect("at the prompt> ")
    session.send("echo code $?\r")
    session.expect(r"[\r\n]code 5")
    session.expect("at the prompt> ")
    session.send("exit 6\r")
    m.equal(session.wait(), 6, "exit code of bash")


def scenario_a_terminal_is_a_console(m):
    bring(m, "console")
    session = start_bash(m)
    session.send("./console.exe > out\r")
    session.expect(r"modes 1f7 7, page 65001, size 80x24\r\nline\? ")
    session.send("gr\xfc\xdfe\r".encode())
    session.expect("gr\xfc\xdfe\r\n7 units, the last is 10: gr\xfc\xdfe\r\nkeys\\? ".encode())
    session.send("a\x1b[A\r")
    session.expect(r"<41 61><26 0><d d>\r\nbytes\? ")
    session.send("four\r")
    session.expect("four\r\n\u2203 all\r\n".encode())
    session.expect("at the prompt> ")
    session.send("echo code $?; cat out\r")
    session.expect(r"[\r\n]code 0\r\nto the file: 6 bytes, type 1\r")
    session.send("exit\r")
    m.equal(session.wait(), 0, "exit code of bash")


def scenario_handles_from_a_linux_parent_work_in_a_windows_child(m):
    bring(m, "writer", "reader")
    result = bash(m, "exec 5> out; echo first >&5; ./writer.exe 5 0 second third; echo $?; echo fourth >&5; exec 5>&-; cat out")
    m.equal(lines(result), ["0", "first", "second", "third", "fourth"], "a file that both write", result)
    result = bash(m, "{ echo a >&5; ./writer.exe 5 0x1200 b; echo $? >&5; } 5>&1 > /dev/null | cat -A")
    m.equal(lines(result), ["a$", "b$", "255$"], "a pipe that both write", result)
    result = bash(m, "printf %1000s end | ./reader.exe 5 5<&0")
    m.equal(lines(result), ["read 1000, the last is 100, error 109", "peek 0, error 109, left 0"], "a pipe to its end", result)
