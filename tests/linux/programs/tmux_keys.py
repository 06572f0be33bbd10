#!/usr/bin/python3
"""tmux at a terminal, driven by keys: windows, panes, copying, detaching, resizing, several clients."""
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_pty import WAIT_SECONDS, Session  # noqa: E402

PREFIX = "\x02"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh", "PS1": "$ ", "HOME": "/nonexistent"}
# Keys that come quickly are keys and no paste; names of windows do not follow what runs in them.
CONFIGURATION = """set -g assume-paste-time 0
set -s escape-time 0
set -g automatic-rename off
set -g allow-rename off
set -g status-interval 0
set -g status-right ""
set -g display-time 0
set -g mode-keys vi
set -g default-terminal screen
set -g history-limit 1000
set -g default-command "exec /bin/sh"
"""


def tmux(*words):
    """What a tmux command prints."""
    done = subprocess.run(["/usr/bin/tmux", "-S", "socket", *words], env=ENVIRONMENT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.split("\n")[:-1] + ([f"code {done.returncode}"] if done.returncode else [])


def ask(wanted, *words):
    """Repeat a tmux command until it prints the lines @wanted; print them."""
    until = time.monotonic() + WAIT_SECONDS
    while (got := tmux(*words)) != wanted and time.monotonic() < until:
        time.sleep(0.01)
    print(" ", got)


def shows(wanted, target="main:"):
    """Wait until the pane has @wanted below each other and nothing else."""
    until = time.monotonic() + WAIT_SECONDS
    while (got := [line for line in tmux("capture-pane", "-p", "-t", target) if line]) != wanted and time.monotonic() < until:
        time.sleep(0.01)
    print(" ", got)


def about(form, wanted, target="main:"):
    ask([wanted], "display-message", "-p", "-t", target, form)


def attach(*words, rows=24, columns=80):
    client = Session(["/usr/bin/tmux", "-f", "configuration", "-S", "socket", *words], env=ENVIRONMENT, rows=rows, columns=columns)
    client.read_on()
    return client


def prompted(client, keys, shown, answer):
    """Press keys that open a prompt, and answer as soon as it is there."""
    seen = len(client.text)
    until = time.monotonic() + WAIT_SECONDS
    client.send(keys)
    while not re.search(shown, client.text[seen:]) and time.monotonic() < until:
        time.sleep(0.01)
    client.send(answer)


def command(client, line):
    prompted(client, PREFIX + ":", r"\x1b\[\d+;1H:", line + "\r")


def read(path):
    """What a file holds; nothing while there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as f:
        return f.read()


def step(name):
    print("$", name)


def windows(client):
    step("a shell in the first window")
    shows(["$"])
    client.send("echo $TERM $((6 * 7)) | tr a-z A-Z\r")
    shows(["$ echo $TERM $((6 * 7)) | tr a-z A-Z", "SCREEN 42", "$"])
    about("#{session_name} #{client_width}x#{client_height} #{window_width}x#{window_height}", "main 80x24 80x23")
    step("a second window and a name")
    client.send(PREFIX + "c")
    ask(["0 0", "1 1"], "list-windows", "-t", "main", "-F", "#{window_index} #{window_active}")
    prompted(client, PREFIX + ",", "rename-window", "\x15second\r")
    about("#{window_name}", "second")
    shows(["$"])
    step("from window to window")
    for key, wanted in (("p", "0"), ("n", "1"), ("0", "0"), ("l", "1"), ("n", "0")):
        client.send(PREFIX + key)
        about("#{window_index}", wanted)
    prompted(client, PREFIX + "'", "index", "1\r")
    about("#{window_index}", "1")


def panes(client):
    step("panes are split")
    client.send(PREFIX + "%")
    ask(["0 40x23 0", "1 39x23 1"], "list-panes", "-t", "main", "-F", "#{pane_index} #{pane_width}x#{pane_height} #{pane_active}")
    client.send(PREFIX + '"')
    ask(["0 40x23 0", "1 39x11 0", "2 39x11 1"], "list-panes", "-t", "main", "-F", "#{pane_index} #{pane_width}x#{pane_height} #{pane_active}")
    shows(["$"])
    client.send("stty size\r")
    shows(["$ stty size", "11 39", "$"])
    step("from pane to pane")
    for key, wanted in (("o", "0"), ("o", "1"), (";", "0"), ("\x1b[C", "1"), ("\x1b[B", "2"), ("\x1b[D", "0")):
        client.send(PREFIX + key)
        about("#{pane_index}", wanted)
    step("a pane fills the window and is small again")
    client.send(PREFIX + "z")
    about("#{window_zoomed_flag} #{pane_width}", "1 80")
    client.send(PREFIX + "z")
    about("#{window_zoomed_flag} #{pane_width}", "0 40")
    step("layouts and sizes")
    client.send(PREFIX + "\x1b1")
    about("#{pane_width}x#{pane_height}", "26x23")
    client.send(PREFIX + "\x1b2")
    about("#{pane_width}x#{pane_height}", "80x7")
    command(client, "resize-pane -y 10")
    about("#{pane_width}x#{pane_height}", "80x10")
    step("keys for all panes at once")
    command(client, "set synchronize-panes on")
    about("#{pane_synchronized}", "1")
    client.send("echo to all\r")
    for pane in ("0", "1"):
        shows(["$ echo to all", "to all", "$"], f"main:.{pane}")
    command(client, "set synchronize-panes off")
    about("#{pane_synchronized}", "0")
    step("a pane is killed, another ends")
    prompted(client, PREFIX + "x", "kill-pane", "y")
    ask(["0", "1"], "list-panes", "-t", "main", "-F", "#{pane_index}")
    client.send("exit\r")
    ask(["0"], "list-panes", "-t", "main", "-F", "#{pane_index}")
    step("a pane becomes a window")
    client.send(PREFIX + "%")
    ask(["0", "1"], "list-panes", "-t", "main", "-F", "#{pane_index}")
    client.send(PREFIX + "!")
    ask(["0 1", "1 1", "2 1"], "list-windows", "-t", "main", "-F", "#{window_index} #{window_panes}")
    prompted(client, PREFIX + "&", "kill-window", "y")
    ask(["0", "1"], "list-windows", "-t", "main", "-F", "#{window_index}")


def copying(client):
    command(client, "new-window -n copy 'seq 200; exec cat'")
    ask(["0", "1", "2"], "list-windows", "-t", "main", "-F", "#{window_index}")
    about("#{history_size} #{cursor_y}", "178 22")
    step("the history is looked at")
    client.send(PREFIX + "[")
    about("#{pane_in_mode} #{scroll_position}", "1 0")
    client.send("g")
    about("#{scroll_position}", "178")
    prompted(client, "/", "search down", "150\r")
    about("#{copy_cursor_line}", "150")
    step("lines are copied and pasted")
    client.send(" jj$\r")
    about("#{pane_in_mode}", "0")
    ask(["150", "151", "152"], "show-buffer")
    client.send(PREFIX + "]")
    client.send("\r")
    client.send("\x04")
    ask(["0", "1"], "list-windows", "-t", "main", "-F", "#{window_index}")


def jobs(client):
    step("keys are signals")
    command(client, "new-window -n jobs 'exec bash --norc --noediting'")
    about("#{window_name}", "jobs")
    client.send("PS1='@ '; clear\r")
    shows(["@"])
    client.send("sleep 1000\r")
    about("#{pane_current_command}", "sleep")
    client.send("\x1a")
    shows(["@ sleep 1000", "^Z", "[1]+  Stopped                 sleep 1000", "@"])
    client.send("fg\r")
    about("#{pane_current_command}", "sleep")
    client.send("\x03")
    about("#{pane_current_command}", "bash")
    client.send("clear; echo code $?; kill -0 $PPID && echo child of tmux\r")
    shows(["code 0", "child of tmux", "@"])
    step("output goes to a file too")
    tmux("pipe-pane", "-t", "main:", "cat > piped")
    client.send("echo for the file\r")
    shows(["code 0", "child of tmux", "@ echo for the file", "for the file", "@"])
    client.send("exit\r")
    ask(["0", "1"], "list-windows", "-t", "main", "-F", "#{window_index}")
    until = time.monotonic() + WAIT_SECONDS
    while "for the file" not in (written := read("piped")) and time.monotonic() < until:
        time.sleep(0.01)
    print(" ", "for the file" in written)


def clients(client):
    step("detached, and attached to by another size")
    client.send(PREFIX + "d")
    print("  ends with", client.wait(), "[detached (from session main)]" in client.text)
    ask([], "list-clients")
    client = attach("attach", "-t", "main", rows=30, columns=100)
    about("#{client_width}x#{client_height} #{window_width}x#{window_height}", "100x30 100x29")
    step("the terminal's size changes")
    client.resize(12, 60)
    about("#{client_width}x#{client_height} #{window_width}x#{window_height}", "60x12 60x11")
    client.send("until [ \"$(stty size)\" = '11 60' ]; do sleep 0.01; done; clear; stty size\r")
    shows(["11 60", "$"])
    step("a second session and a second client")
    tmux("new-session", "-d", "-s", "other", "-x", "50", "-y", "20", "exec cat")
    ask(["main 1", "other 0"], "list-sessions", "-F", "#{session_name} #{session_attached}")
    second = attach("attach", "-t", "other", rows=16, columns=50)
    ask(["main 1", "other 1"], "list-sessions", "-F", "#{session_name} #{session_attached}")
    second.send("typed here\r")
    shows(["typed here", "typed here"], "other:")
    client.send(PREFIX + ")")
    ask(["main 0", "other 2"], "list-sessions", "-F", "#{session_name} #{session_attached}")
    client.send("there\r")
    shows(["typed here", "typed here", "there", "there"], "other:")
    step("sent keys and channels")
    print(" ", tmux("send-keys", "-t", "main:", "clear; tmux -S $PWD/socket wait-for -S passed", "Enter"), tmux("wait-for", "passed"))
    print(" ", tmux("run-shell", "exit 3"), tmux("if-shell", "false", "set -g @w yes", "set -g @w no"), tmux("show", "-gv", "@w"))
    print(" ", tmux("has-session", "-t", "none"), tmux("no-such-command"), tmux("kill-window", "-t", "main:7"))
    step("all ends")
    second.send(PREFIX + "d")
    print("  second ends with", second.wait())
    tmux("kill-server")
    print("  first ends with", client.wait(), "[server exited]" in client.text)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chdir(folder)
        with open("configuration", "w", encoding="utf-8") as f:
            f.write(CONFIGURATION)
        first = attach("new-session", "-s", "main")
        windows(first)
        panes(first)
        copying(first)
        jobs(first)
        clients(first)
        os.chdir("/")
