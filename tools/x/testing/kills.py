"""kill -9 of a service again and again while people work: a machine's jobs go round, each result is right, and
nobody notices but the log. A service that those jobs hardly ask has a job of its own (USES)."""
import hashlib
import os
import re
import shutil
import time

from x import stage, volume
from x.common import BUILD
from x.probe import Probe
from x.qmp import Qmp, key
from x.testing import volumes

BOOT_SECONDS = 240

# Jobs that go round until the file `over` is there; each says what went wrong, and at last its rounds.
JOBS = r"""
set -u
tools=$1 processes=$2 kills=$3
shift 3
windows() {
	said=$("$tools/files.exe" 4 | tr -d '\r')
	[ "$said" = "48 files, 0 names left" ] || echo "files.exe says: $said"
}
work() { "$tools/service-work" "$@" || echo "service-work $* failed"; }
identity() { work identity; }
sockets() { work sockets; }
input() { work input /dev/input/event0; }
keys() { work key /dev/input/event0; }
partitions() { work partitions "$SCRATCH"; }
programs() {
	printf '#!./nothing\n' > script && chmod +x script
	for i in 1 2 3 4 5; do
		cp "$tools/nothing" nothing
		./nothing && ./script || echo "a fresh program fails"
		rm nothing
	done
}
registry() {
	[ -e reg.exe ] || cp /windows/c/windows/system32/reg.exe . && chmod +x reg.exe
	./reg.exe add 'HKCU\Software\Kept' /f /v number /t REG_DWORD /d $n > said || echo "reg add: $(cat said)"
	./reg.exe query 'HKCU\Software\Kept' /v number | tr -d '\r' > said || echo "reg query fails"
	[ "$(awk '$1 == "number" { print $3 }' said)" = "$(printf 0x%x $n)" ] || echo "reg query $n: $(cat said)"
}
plugs() {
	disk=/dev/nvme0n1
	echo "put in"
	until [ -b ${disk}p1 ]; do sleep 0.1; done
	dd if=/dev/urandom of=${disk}p1 bs=64k count=4 conv=fsync 2> said || echo "the plugged disk: $(cat said)"
	echo "take out $(dd if=${disk}p1 bs=64k count=4 2> said | sha256sum | cut -c1-64)"
	while [ -e ${disk} ] || [ -e ${disk}p1 ]; do sleep 0.1; done
}
# An answer that died with runtimed is asked for again: only of a launch does nobody know what came of it.
runtime() {
	until said=$(runtimectl "$@" 2>&1); do
		case $said in
			*refused | *reset* | *"No such file or directory" | *"Broken pipe") sleep 0.1;;
			*) return 1;;
		esac
	done
}
sessions() {
	printf '#!/bin/sh\nexec sleep 4711\n' > sleeper && chmod +x sleeper
	runtime launch-path "$PWD/sleeper" || echo "launch: $said"
	set -- $said
	runtime list
	grep -Eq "^$2 +$4 +(running|starting) .* sleeper$" <<< "$said" || echo "session $2 of pid $4 is not in the list: $said"
	runtime terminate-session $2 || [[ $said = *"No such process" ]] || echo "terminate: $said"
	while kill -0 $4 2> /dev/null; do sleep 0.1; done
	while runtime list && grep -q "^$2 " <<< "$said"; do sleep 0.1; done
}
# Launches whose answers were lost are in the list all the same, and nothing runs that is not.
end_sessions() {
	runtime list
	for session in $(awk '$NF == "sleeper" { print $1 }' <<< "$said"); do runtime terminate-session $session; done
	while runtime list && grep -q sleeper <<< "$said"; do sleep 0.1; done
	pgrep -f 'sleep 4711' && echo "a session is left that is in no list"
}
job() {
	mkdir -p "$1" && cd "$1" || exit
	n=0
	until [ -e ../over ]; do ("$@") || break; n=$((n + 1)); done
	cd .. && echo "$1 $n" >> rounds && rm -r "$1"
}
"""

KILLING = r"""
rm -f over rounds
jobs=
for name in "$@"; do job "$name" < /dev/null & jobs="$jobs $!"; done
kill_it() {
	case $1 in
		*[0-9]) kill -9 $1 2> /dev/null;;
		*) pkill -9 -o -x $1;;
	esac
}
for n in $(seq $kills); do
	for process in $processes; do
		sleep 0.$((RANDOM % 5 + 2))
		echo "kill $n"
		read -r answer
		until kill_it $process; do sleep 0.1; done	# it may be about to start again
	done
done
touch over
wait $jobs
case " $* " in *" sessions "*) end_sessions;; esac
echo "rounds $(sort rounds | tr '\n' ' ')"
rm over rounds
read -r answer	# what the host does for the last lines needs the machine
"""

# In a machine of ./x exec.
USER_JOBS = ("compile", "store", "windows")
USER_WORK = r"""
compile() {
	mkdir src && cd src || exit
	for i in 1 2 3 4 5 6 7 8; do
		printf 'int f%d(int x) { int s = %d; for (int i = 0; i < x; i++) s = s * 31 + i; return s; }\n' $i $i > f$i.c
	done
	{
		for i in 1 2 3 4 5 6 7 8; do echo "int f$i(int x);"; done
		echo '#include <stdio.h>'
		echo 'int main(void) { printf("%d\n", f1(3) + f2(3) + f3(3) + f4(3) + f5(3) + f6(3) + f7(3) + f8(3)); }'
	} > main.c
	printf 'prog: main.o f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o\n\t$(CC) -o $@ $^\n' > Makefile
	make -s -j4 CC=/usr/bin/gcc prog > make.out 2>&1 || { echo "make failed: $(tail -3 make.out)"; exit 1; }
	[ "$(./prog)" = $((31 * 31 * 31 * 36 + 8 * (31 + 2))) ] || echo "the program prints $(./prog)"
	make -q prog 2> make.out || echo "make finds work again"
	cd .. && rm -r src || echo "src stays"
}
store() {
	python3 - <<'END' || echo "the SQLite writer failed"
import os, sqlite3
if os.path.exists("rows.db"):
    os.remove("rows.db")
db = sqlite3.connect("rows.db")
db.execute("create table rows (id integer primary key, text text)")
for i in range(30):
    with db:
        db.executemany("insert into rows (text) values (?)", [(f"row {i} {n}",) for n in range(20)])
assert db.execute("select count(*), max(id) from rows").fetchone() == (600, 600)
assert db.execute("pragma integrity_check").fetchone() == ("ok",)
db.close()
END
}
"""

# In a machine of ./x run, on its ext4 volume.
VOLUME_JOBS = ("copies", "records", "windows")
VOLUME_WORK = r"""
copies() {
	cp -r /usr/lib/python3/. copy 2> /dev/null || cp -r /usr/lib/terminfo copy
	(cd copy && find . -type f -exec sha256sum {} + | sort) > sums
	tar cf copy.tar copy && rm -r copy && tar xf copy.tar
	(cd copy && sha256sum --quiet -c ../sums) || echo "a copy is wrong"
	rm -r copy copy.tar sums
}
records() {
	python3 - <<'END' || echo "the writer failed"
import os
for n in range(40):
    with open("record.new", "wb") as f:
        f.write(b"%d " % n * 3000)
        f.flush()
        os.fsync(f.fileno())
    os.rename("record.new", "record")
    assert open("record", "rb").read() == b"%d " % n * 3000
    os.link("record", f"link-{n}")
    if n >= 10:
        os.unlink(f"link-{n - 10}")
assert sum(name.startswith("link-") for name in os.listdir(".")) == 10
for n in range(30, 40):
    os.unlink(f"link-{n}")
END
}
export PATH=$PATH:/system/bin
mkdir /root/work && cd /root/work || exit
"""


class Use:
    """A service's own jobs, what the machine has for them, and what the host does when they say so."""

    jobs = ()
    options = ()
    qemu = ""
    pause_seconds = 0   # between kills, beside the jobs' own pace

    def __init__(self, m):
        self.m = m
        self.qmp = Qmp()

    def all_options(self):
        return (*self.options, "--qemu-args", f"{self.qemu} {self.qmp.arguments}")

    def answer(self, line):
        """Do what a line of a job's asks for. Returns: False: it asks for nothing."""
        return False

    def before_kill(self):
        time.sleep(self.pause_seconds)


def with_jobs(*names):
    return type("Jobs", (Use,), {"jobs": names})


class Partitions(Use):
    """A disk whose table changes. The system volume's disk comes first."""

    jobs = ("partitions",)

    def all_options(self):
        path = os.path.join(self.m.folder, "scratch.img")
        with open(path, "wb") as f:
            f.truncate(8 << 20)
        return (*super().all_options(), "--disk", path)


class Plugs(Use):
    """A disk that comes and goes."""

    jobs = ("plugs",)
    options = ("--machine", "q35")

    def __init__(self, m):
        super().__init__(m)
        self.path = volumes.disk_with_table(m, "plugged", 4, "gpt")
        self.qemu = ("-device pcie-root-port,id=rp0,chassis=1 "
                     f"-blockdev driver=raw,node-name=disk,file.driver=file,file.filename={self.path}")

    def answer(self, line):
        if line == "put in":
            self.qmp.ask("device_add", id="plugged", bus="rp0", drive="disk", driver="nvme", serial="plugged")
        elif line.startswith("take out "):
            self.take_out(line.removeprefix("take out "))
        else:
            return False
        return True

    def take_out(self, digest):
        self.qmp.ask("device_del", id="plugged")
        self.qmp.wait_for("DEVICE_DELETED", device="plugged")
        with open(self.path, "rb") as f:
            f.seek(volumes.START)
            self.m.equal(hashlib.sha256(f.read(256 << 10)).hexdigest(), digest, "what the host finds on the disk")


class Keyboard(Use):
    jobs = ("input", "keys")
    options = ("--machine", "q35")

    def answer(self, line):
        if line != "press":
            return False
        self.qmp.send(key("a", True), key("a", False))
        return True


class Kept(Use):
    """initd starts again what dies up to five times in a minute."""

    pause_seconds = 12.5


class Sessions(Kept):
    jobs = ("sessions",)


class Console(Kept):
    """Somebody logs in on the screen after each death."""

    def before_kill(self):
        began = time.monotonic()
        self.log_in()
        time.sleep(max(0, self.pause_seconds - (time.monotonic() - began)))

    def log_in(self):
        probe = Probe(self.qmp)
        probe.until(r"\A\s*Albireo .*, console 1$(?s:.*)login:$", BOOT_SECONDS)
        probe.type("root\n")
        probe.until(r"^Password:$")
        self.qmp.type("albireo\n")
        probe.until(r"# *$")
        probe.type("echo $((6 * 7))nd\n")
        probe.until(r"^42nd$")


USES = {"syscalld": with_jobs("identity"), "procd": with_jobs("programs"), "vfsd": Use, "loaderd": with_jobs("programs"),
        "netd": with_jobs("sockets"), "hived": with_jobs("registry"), "storaged": Partitions, "driverd": Plugs,
        "devmgrd": Plugs, "inputd": Keyboard, "runtimed": Sessions, "sessiond": Console}
# Pids of rootd's services, and names of initd's.
PROCESSES = {"syscalld": "100", "procd": "101", "vfsd": "102", "loaderd": "103", "netd": "104", "hived": "105",
             "driverd": "106", "inputd": "107", "storaged": "108", "devmgrd": "109",
             "runtimed": "runtimed.elf", "sessiond": "sessiond"}


def put_tools(m):
    """What the jobs execute, in the working folder."""
    shutil.copy(os.path.join(BUILD, "host", "tests", "mixed", "files.exe"), m.folder)
    for name in ("nothing", "service-work"):
        shutil.copy(m.program(name), os.path.join(m.folder, name))


def talk(session, use, kills):
    """Answer the machine until it tells its rounds. Returns: {job: rounds}, and lines that are no part of it."""
    deadline = time.monotonic() + BOOT_SECONDS + (30 + 2 * use.pause_seconds) * kills
    others = []
    use.qmp.connect()
    while True:
        line = session.expect(rb"([^\n]*)\n", max(0, deadline - time.monotonic())).group(1).decode("utf-8", "replace")
        if line.startswith("rounds "):
            session.send("\n")
            return dict(re.findall(r"(\w+) (\d+)", line.removeprefix("rounds "))), others
        if re.fullmatch(r"kill \d+", line):
            use.before_kill()
            session.send("\n")
        elif not use.answer(line):
            others.append(line)


def judge(m, services, use, jobs, told, kills, log):
    rounds, others = told
    m.equal(others, [], "what the jobs say that is wrong")
    m.equal(sorted(rounds), sorted(jobs), "jobs that told their rounds")
    m.true("0" not in rounds.values(), f"expected a round of each job\ngot {rounds}")
    says = " died, starting it again" if isinstance(use, Kept) else " was killed by signal 9, starting it again"
    for service in services:
        m.equal(len(re.findall(service + says, log)), kills, f"deaths of {service} that the log tells")


def processes_of(services):
    return " ".join(PROCESSES[service] for service in services)


def kill_under_user_work(m, service, kills):
    """Under a compilation, a database's transactions and a Windows program that writes files, in a machine of ./x exec."""
    put_tools(m)
    use = USES[service](m)
    jobs = (*USER_JOBS, *use.jobs)
    script = JOBS + USER_WORK + KILLING
    session = m.start("/bin/bash", "-c", script, "bash", m.folder, processes_of([service]), str(kills), *jobs,
                      options=["--smp", "2", "--mem", "1G", "--env", "SCRATCH=/dev/vda", *use.all_options()])
    told = talk(session, use, kills)
    m.equal(session.wait(), 0, "exit code")
    judge(m, [service], use, jobs, told, kills, session.log_text())


def work_on_the_system_volume(m, use, services, jobs, kills):
    """The machine's end is an orderly one; returns its log."""
    put_tools(m)
    with open(os.path.join(m.folder, "work.sh"), "w", encoding="utf-8") as f:
        f.write(JOBS + VOLUME_WORK + KILLING + "cd / && rm -r /root/work\n")
    disk = os.path.join(m.folder, "system.img")
    volume.write_disk(disk)
    # Only firmware gives a screen.
    boot = () if isinstance(use, Console) else ("--direct", "--bundle", stage.RUN_BUNDLE)
    session = m.start_shell(options=(*boot, "--system", disk, "--smp", "2", "--mem", "1G", "--bind", f"{m.folder}:/mnt",
                                     *use.all_options()), is_tty=False)
    session.send(f"SCRATCH=/dev/vdb bash /mnt/work.sh /mnt '{processes_of(services)}' {kills} {' '.join(jobs)}\n")
    told = talk(session, use, kills * len(services))
    if isinstance(use, Console):
        use.log_in()
    session.send("poweroff\n")
    m.equal(session.wait(120), 0, "exit code of ./x run")
    judge(m, services, use, jobs, told, kills, session.log_text())
    volumes.system_volume_check(m, disk)


def kill_on_the_system_volume(m, service, kills):
    """Under programs that write on the ext4 volume of a machine of ./x run, which is in order afterwards."""
    use = USES[service](m)
    work_on_the_system_volume(m, use, [service], (*VOLUME_JOBS, *use.jobs), kills)


class Everybody(Partitions):
    jobs = ("records", "windows", "identity", "programs", "sockets", "registry", "partitions")


def kill_each_on_the_system_volume(m):
    """The short form: each service that a plain machine of ./x run has dies once."""
    work_on_the_system_volume(m, Everybody(m), ("syscalld", "procd", "vfsd", "loaderd", "netd", "hived", "storaged"),
                              Everybody.jobs, 1)
