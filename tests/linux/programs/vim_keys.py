#!/usr/bin/python3
"""vim at a terminal, driven by keys: editing, undo, visual mode, registers, macros, windows, shells, recovery."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_pty import Session  # noqa: E402

ESCAPE = "\x1b"
# vim asks nothing of this terminal, and waits for nothing but keys.
PLAIN = ["-u", "NONE", "-i", "NONE", "-N", "--cmd", "set noesckeys ttimeout ttimeoutlen=0 shortmess=atI nomore t_RV= t_u7= directory=. enc=utf-8"]
STEPS = 0


def start(*arguments, rows=24, columns=80):
    vim = Session(["/usr/bin/vim.basic", *PLAIN, *arguments], rows=rows, columns=columns,
                  env={"PATH": "/usr/bin:/bin", "TERM": "vt100", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "SHELL": "/bin/sh"})
    return vim


def mark(vim):
    """Have vim say a word that only this step has, and wait for it: all keys before it are done."""
    global STEPS
    STEPS += 1
    vim.send(f"{ESCAPE}:echo 'do' . 'ne-{STEPS}.'\r")
    vim.expect(rf"done-{STEPS}\.")


def show(path):
    with open(path, encoding="utf-8") as f:
        print(f"  {path}:", f.read().split("\n"))


def keys(vim, sent, save="text"):
    """Type @sent, save, and print the file."""
    print(repr(sent))
    vim.send(sent)
    mark(vim)
    vim.send(f":silent w! {save}\r")
    mark(vim)
    show(save)


def editing():
    vim = start("text")
    keys(vim, "ifirst line\rsecond line\rthird line" + ESCAPE)
    for sent in ("ggyyp", "dd", "u", "\x12", "ggcwFIRST" + ESCAPE, "wD", "uu", "Goappended" + ESCAPE, "kJ", "ggx.3.",
                 "u", "Ofour words on top" + ESCAPE, "gg2dwP", "~l~", "5\x01", "A 41" + ESCAPE + "b\x01"):
        keys(vim, sent)
    keys(vim, ":%s/line/LINE/g\r")
    keys(vim, ":g/LINE/normal A!\r")
    keys(vim, "ggVjd")
    keys(vim, "u:2,3m0\r")
    keys(vim, "gg\x16jlcXX" + ESCAPE)
    keys(vim, "qaA-q" + ESCAPE + "jq@a")
    keys(vim, "gg\"byw\"bP")
    keys(vim, "/LINE\rnix" + ESCAPE)
    keys(vim, "gg=Gguu")
    vim.send(":q!\r")
    print("ends with", vim.wait())


def filters():
    vim = start("text")
    keys(vim, ":%d\ri9\r3\r7\r1" + ESCAPE)
    keys(vim, ":%!sort -n\r")
    keys(vim, ":1,2!tr 13 ab\r")
    keys(vim, ":r !echo from a shell\r")
    keys(vim, ":w !cat > copy\r\r")
    show("copy")
    keys(vim, ":call append(0, systemlist('seq 3'))\r")
    keys(vim, ":call writefile([getcwd() == $PWD, v:version / 100, &filetype], 'facts')\r")
    keys(vim, ":e other\riother file" + ESCAPE + ":w\r:b1\r")
    show("other")
    vim.send("ZZ")
    print("ends with", vim.wait())


def windows():
    with open("lines", "w", encoding="utf-8") as f:
        f.writelines(f"line {i}\n" for i in range(1, 201))
    vim = start("lines", rows=20, columns=60)
    report = ":call writefile([line('.') . ' ' . line('w0') . ' ' . line('w$') . ' ' . winnr('$') . ' ' . &lines . ' ' . &columns], 'place')\r"
    for sent in ("", "G", "gg", "\x06", "100Gzt", "\x15", ":split\r\x17w", ":only\r", ":vsplit other\r", "\x17o50%"):
        print(repr(sent))
        vim.send(sent + report)
        mark(vim)
        show("place")
    vim.resize(30, 100)
    # The change of size comes as a signal, which vim takes up before it takes up keys.
    vim.expect(".")
    mark(vim)
    vim.send(report)
    mark(vim)
    show("place")
    vim.send(":qa!\r")
    print("ends with", vim.wait())


def jobs():
    """Stopped and started again by a shell."""
    shell = Session(["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"],
                    env={"PATH": "/usr/bin:/bin", "TERM": "vt100", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "PS1": "@@$?% ", "HISTFILE": "/dev/null"})
    shell.expect("@@0% ")
    shell.send("stty -echo\n")
    shell.expect("@@0% ")
    shell.send("vim.basic " + " ".join(f"'{word}'" for word in PLAIN) + " stopped\n")
    mark(shell)
    shell.send("ibefore" + ESCAPE + "\x1a")
    shell.expect(r"Stopped.*@@\d+% ")
    shell.send("jobs | grep -c Stopped; stty -a | grep -o ' icanon'; fg\n")
    print(shell.expect(r"(1\r\n icanon)\r\n").group(1).split())
    mark(shell)
    shell.send("A after" + ESCAPE + ":wq\r")
    shell.expect("@@0% ")
    show("stopped")
    shell.send("exit 0\n")
    print("ends with", shell.wait())


def recovery():
    """A vim that is killed leaves a swap file, from which the next one recovers."""
    vim = start("lost")
    vim.send("ithis was not saved" + ESCAPE + ":preserve\r")
    mark(vim)
    print(sorted(name for name in os.listdir(".") if "lost" in name))
    os.kill(vim.pid, 9)
    print("ends with", vim.wait())
    vim = start("-r", "lost")
    vim.expect("ENTER")
    vim.send("\r")
    mark(vim)
    vim.send(":w! found\r:q!\r")
    print("ends with", vim.wait())
    show("found")
    vim = start("lost")
    vim.expect("ATTENTION.*lost")
    vim.send("q")
    print("ends with", vim.wait())


def without_a_terminal():
    for arguments in (["-es", "-c", "%s/line/LINE/", "-c", "wq! upper", "lines"], ["-es", "-c", "cq 3"]):
        vim = start(*arguments)
        print(arguments, "ends with", vim.wait())
    with open("upper", encoding="utf-8") as f:
        print(f.readline(), sum(1 for _ in f))
    vim = start("-R", "text")
    keys(vim, "x:w\r", save="readonly-copy")
    vim.send(":q!\r")
    print("ends with", vim.wait())


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chdir(folder)
        for part in (editing, filters, windows, jobs, recovery, without_a_terminal):
            print("$", part.__name__)
            part()
        os.chdir("/")
