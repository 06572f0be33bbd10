"""./x exec: the host's files. What a script does to them must look as Linux leaves it."""
import os
import stat
import subprocess

BUSYBOX = "/bin/busybox"

MANY_FILES = """
set -e
umask 022
for d in $(seq 0 99); do
	mkdir dir$d
	for f in $(seq 0 199); do echo "$d $f" > "dir$d/file $f"; done
done
for d in 3 30 77; do
	chmod 600 "dir$d/file 7"; chmod 4755 "dir$d/file 8"; chmod 1777 dir$d
	ln "dir$d/file 1" dir$d/hard
	ln -s "file 2" dir$d/soft
	ln -s /nowhere dir$d/dangling
	mv "dir$d/file 3" dir$d/moved
	rm "dir$d/file 4"
	truncate -s 100000 "dir$d/file 5"
	touch -d '2001-02-03 04:05:06' "dir$d/file 6" dir$d
done
"""


def describe(path, name):
    """What `ls -l` would tell of a file, except what must differ between two runs."""
    info = os.lstat(os.path.join(path, name))
    mtime = int(info.st_mtime) if info.st_mtime < 1_500_000_000 else "now"
    size = 0 if stat.S_ISDIR(info.st_mode) else info.st_size
    links = 0 if stat.S_ISDIR(info.st_mode) else info.st_nlink
    target = os.readlink(os.path.join(path, name)) if stat.S_ISLNK(info.st_mode) else ""
    return f"{oct(info.st_mode)} {links} {info.st_uid} {info.st_gid} {size} {mtime} {target}"


def snapshot(top):
    """{name: description} of everything below a folder, contents of regular files included."""
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, top)] = describe(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    found[os.path.relpath(path, top)] += f" {hash(f.read())}"
    return found


def difference(expected, got):
    lines = [f"{name}: expected {expected.get(name)}, got {got.get(name)}"
             for name in sorted(expected.keys() | got.keys()) if expected.get(name) != got.get(name)]
    return "\n".join(lines[:40])


def scenario_20000_files_are_as_linux_makes_them_and_nothing_else_changes(m):
    host, machine, outside = (os.path.join(m.folder, name) for name in ("host", "machine", "outside"))
    for path in (host, machine, outside):
        os.makedirs(path)
    with open(os.path.join(outside, "kept"), "w", encoding="ascii") as f:
        f.write("kept")
    before = snapshot(outside)
    subprocess.run([BUSYBOX, "sh", "-c", MANY_FILES], cwd=host, check=True)
    m.shell(MANY_FILES, cwd=machine, timeout=600)
    told = difference(snapshot(host), snapshot(machine))
    m.true(not told, f"the machine left other files than Linux:\n{told}")
    result = m.exec(BUSYBOX, "sh", "-c", f"rm {outside}/kept; echo x > {outside}/new", cwd=machine)
    m.matches(result.err, "Read-only file system", "writing outside the working folder")
    m.equal(snapshot(outside), before, "the folder beside the working folder")


def scenario_the_machine_reads_what_the_host_wrote(m):
    data = os.urandom(3_000_001)
    with open(os.path.join(m.folder, "data"), "wb") as f:
        f.write(data)
    m.true(m.succeeds(BUSYBOX, "cat", "data").out == data, "cat gave other bytes")
    m.succeeds(BUSYBOX, "cp", "data", "copy")
    with open(os.path.join(m.folder, "copy"), "rb") as f:
        m.true(f.read() == data, "the copy holds other bytes")


def scenario_ro_keeps_the_working_folder(m):
    result = m.exec(BUSYBOX, "touch", "file", options=["--ro"])
    m.equal(result.code, 1, "exit code", result)
    m.matches(result.err, "Read-only file system", "standard error")
    m.equal(os.listdir(m.folder), [], "the working folder")


def scenario_bind_mounts_a_folder_where_it_says(m):
    folder = os.path.join(m.folder, "bound")
    os.makedirs(folder)
    m.shell("echo hi > /data/file; cat /data/file", options=["--bind", f"{folder}:/data"], out=b"hi\n")
    with open(os.path.join(folder, "file"), encoding="ascii") as f:
        m.equal(f.read(), "hi\n", "the bound folder's file")
    result = m.exec(BUSYBOX, "touch", "/data/more", options=["--bind", f"{folder}:/data:ro"])
    m.matches(result.err, "Read-only file system", "writing to a read-only bind")


def scenario_unlinked_open_files_leave_nothing_behind(m):
    m.shell("echo one > file; exec 3<>file; rm file; echo two >&3; ls -a; cat /proc/self/fd/3 > /dev/null",
            out=b".\n..\n")
    m.equal(os.listdir(m.folder), [], "the working folder")


def scenario_own_folders_are_not_the_hosts(m):
    m.shell("touch /tmp/in-machine /var/tmp/in-machine && ls /tmp/in-machine", out=b"/tmp/in-machine\n")
    m.true(not os.path.exists("/tmp/in-machine"), "the host's /tmp has the machine's file")


def scenario_a_full_pipeline_of_applets_works_on_files(m):
    with open(os.path.join(m.folder, "words"), "w", encoding="ascii") as f:
        f.write("".join(f"word{i * 7919 % 1000}\n" for i in range(1000)))
    m.shell("sort words | uniq | wc -l", out=b"1000\n")
    m.shell("mkdir t && for i in 1 2 3; do cp words t/$i; done && tar cf - t | gzip > t.tgz && rm -r t && gzip -dc t.tgz | tar xf - && "
            "cat t/* | md5sum > a && cat words words words | md5sum | cmp - a && rm -r t t.tgz a && ls", out=b"words\n")


def scenario_a_fifo_in_the_working_folder_is_the_machines_own(m):
    done = m.shell("mkfifo pipe && (echo through > pipe &) && cat pipe && ls -l pipe | cut -c1 && stat -c %a pipe")
    m.equal(done.out, b"through\np\n644\n", "standard output", done)
    m.true(not os.path.lexists(os.path.join(m.folder, "pipe")), "the host has no FIFO")


def scenario_an_exchange_that_the_host_was_not_told_of_comes_to_its_end(m):
    result = m.shell("for i in 1 2 3 4 5 6 7 8 9 10; do echo $i > f$i && mv f$i g$i && cat g$i || exit 1; done; echo g*",
                     options=["--fault", "p9.notify=drop-every:60"])
    m.equal(result.out.decode().split(), [str(i) for i in range(1, 11)] + sorted(f"g{i}" for i in range(1, 11)), "output", result)
