#!/usr/bin/python3
"""bash's job control, at a terminal."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_pty import Session  # noqa: E402

PROMPT = r"@@(\d+)% "
# Without line editing the terminal alone echoes, and it is told not to.
shell = Session(["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"],
                env={"PATH": "/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C", "PS1": "@@$?% ", "HISTFILE": "/dev/null"})


def lines_of(text):
    """The lines, without the numbers of processes."""
    words = [line.split(" ") for line in text.replace("\r", "").split("\n") if line]
    return [" ".join("PID" if word.isdigit() and len(word) > 2 else word for word in line) for line in words]


def step(keys, until=PROMPT):
    """Type @keys and print what comes before @until."""
    shell.send(keys)
    found = shell.expect(rf"(.*?){until}")
    print(f"{keys!r}:", lines_of(found.group(1)), *found.groups()[1:], flush=True)


def run(line):
    step(line + "\n")


def stop_and_go_on():
    shell.send("cat\n")
    step("line\n", until="line\r\n")
    step("\x1a")
    run("jobs")
    # In the background it wants to read, and is stopped for it.
    run("bg; until jobs | grep -q 'Stopped(tty input)\\|Stopped'; do :; done; jobs >/dev/null; echo waited")
    run("jobs")
    step("fg\n", until="cat\r\n")
    step("again\n", until="again\r\n")
    step("\x03")
    shell.send("cat\n")
    step("to the end\n", until="to the end\r\n")
    step("\x04")


def stop_a_pipeline():
    shell.send("cat | cat | cat\n")
    step("through\n", until="through\r\n")
    step("\x1a")
    run("jobs")
    run("jobs -l | wc -l; ps -o pgid= -p $(jobs -p) | sort -u | wc -l")
    step("fg\n", until="cat\r\n")
    step("still\n", until="still\r\n")
    step("\x03")


def catch_keys():
    step("bash -c 'trap \"echo got; exit 5\" INT; echo up; while :; do sleep 0.05; done' 2>/dev/null\n", until="up\r\n")
    step("\x03")
    run("ulimit -c 0")
    step("bash -c 'trap \"echo quit; exit 6\" QUIT; echo up; while :; do sleep 0.05; done' 2>/dev/null\n", until="up\r\n")
    step("\x1c")
    step("sh -c 'echo up; exec sleep 1000'\n", until="up\r\n")
    step("\x1c")


def background():
    run("sleep 1000 &")
    run("jobs; jobs -r | wc -l; jobs -s | wc -l")
    run("kill %1; wait %1; echo $?")
    run("jobs")
    run("stty tostop; { echo loud; } & while [ -z \"$(jobs -s)\" ]; do :; done; echo stopped")
    run("jobs -s >/dev/null; stty -tostop")
    run("fg")
    run("set +m; sleep 0 & wait; echo $?; set -m")
    # bash looks twice before it waits, and overlooks a child that ends in between.
    run("waits() { until grep -q State:.S /proc/$$/status; do :; done; }")
    run("(waits; exit 3) & wait -n; echo $?")
    run("sleep 0.1 & disown %+; jobs; echo none")
    run("nohup sleep 1000 >/dev/null 2>&1 & jobs; kill %%; wait %%; echo $?")
    run("jobs")


def terminal():
    run("tty | grep -c /dev/pts; [ -t 0 ]; echo $?; echo $-")
    run("stty size; stty -a | grep -o 'intr = ^C'")
    shell.resize(30, 100)
    run("stty size")
    run("kill -TSTP $$; kill -TTIN $$; echo still here")
    run("exec 3</dev/tty; [ -t 3 ]; echo $?; exec 3<&-")
    run("setsid -w bash -c 'exec 4</dev/tty'; echo $?")
    run("ps -o tpgid=,pgid= -p $$ | awk '{ print ($1 == $2) }'")
    run("bash -c 'ps -o tpgid=,pgid= -p $$' | awk '{ print ($1 == $2) }'")
    run("read -t 5 -n 3 x < <(printf abcdef); echo $x; read -s -t 0.01 y; echo $(($? > 128))")


shell.expect(PROMPT)
run("stty -echo; echo ready")
stop_and_go_on()
stop_a_pipeline()
catch_keys()
background()
terminal()
shell.send("exit 7\n")
print("ends with", shell.wait())
