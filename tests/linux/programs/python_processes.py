#!/usr/bin/python3
"""Python's processes: subprocess, multiprocessing with all it shares, signals, and what os knows of them."""
import ctypes
import io
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from multiprocessing import shared_memory

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_steps import attempt, run_steps, step  # noqa: E402

FORKING = multiprocessing.get_context("fork")


@step
def run_gives_output_and_code():
    done = subprocess.run(["/bin/sh", "-c", "cat; echo err >&2; exit 3"], input=b"through\n", capture_output=True, check=False)
    print(done.returncode, done.stdout, done.stderr)
    print(subprocess.check_output(["/bin/echo", "a b", "$HOME"], text=True), end="")
    attempt(subprocess.check_call, ["/bin/false"])
    attempt(subprocess.run, ["/no/such/program"])
    attempt(subprocess.run, ["/etc/passwd"])
    print(subprocess.getstatusoutput("echo one; exit 2"))


@step
def a_pipeline_of_three():
    first = subprocess.Popen(["/usr/bin/seq", "1", "20000"], stdout=subprocess.PIPE)
    second = subprocess.Popen(["/bin/grep", "7$"], stdin=first.stdout, stdout=subprocess.PIPE)
    third = subprocess.Popen(["/usr/bin/wc", "-l"], stdin=second.stdout, stdout=subprocess.PIPE)
    first.stdout.close()
    second.stdout.close()
    print(third.communicate(), second.wait(), first.wait())


@step
def a_reader_that_leaves():
    writer = subprocess.Popen(["/usr/bin/yes"], stdout=subprocess.PIPE)
    print(writer.stdout.readline())
    writer.stdout.close()
    print(signal.Signals(-writer.wait()).name)


@step
def a_megabyte_both_ways():
    data = os.urandom(1 << 20)
    done = subprocess.run(["/bin/cat"], input=data, capture_output=True, check=True)
    print(done.stdout == data)


@step
def a_timeout_kills():
    try:
        subprocess.run(["/bin/sh", "-c", "echo before; exec sleep 1000"], capture_output=True, timeout=0.5, check=False)
    except subprocess.TimeoutExpired as error:
        print("timed out after", error.timeout, error.output in (None, b"before\n"))
    child = subprocess.Popen(["/bin/sleep", "1000"])
    print(child.poll())
    attempt(child.wait, timeout=0.02)
    child.terminate()
    print(child.wait(), child.poll())


@step
def environment_folder_and_descriptors():
    os.mkdir("folder")
    reader, writer = os.pipe()
    done = subprocess.run(["/bin/sh", "-c", f"pwd | grep -o 'folder$'; env | grep -v ^PWD= | sort; echo to $0 >&{writer}; umask", "zero"],
                          cwd="folder", env={"ONLY": "this", "LC_ALL": "C"}, pass_fds=[writer], umask=0o77, capture_output=True, check=False)
    print(done.stdout, done.stderr, os.read(reader, 100))
    done = subprocess.run(["/bin/sh", "-c", f"echo x >&{writer}"], capture_output=True, check=False)
    print(done.returncode)
    os.close(reader)
    os.close(writer)


@step
def sessions_and_groups():
    code = "import os; print(os.getpid() == os.getpgid(0), os.getpid() == os.getsid(0))"
    for options in ({}, {"start_new_session": True}, {"preexec_fn": os.setpgrp}):
        print(subprocess.check_output([sys.executable, "-S", "-c", code], text=True, **options), end="")
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 1000 & echo $!; wait"], stdout=subprocess.PIPE, start_new_session=True)
    grandchild = int(child.stdout.readline())
    print(os.getpgid(grandchild) == child.pid)
    os.killpg(child.pid, signal.SIGTERM)
    print(child.wait(), child.stdout.read())
    child.stdout.close()


@step
def a_talk_with_a_child():
    child = subprocess.Popen(["/bin/sed", "-u", "s/^/> /"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    for word in ("one", "two", "three"):
        child.stdin.write(word + "\n")
        print(child.stdout.readline(), end="")
    child.stdin.close()
    print(child.wait(), child.stdout.read() == "")
    child.stdout.close()


@step
def how_children_end():
    for action in ("exit 0", "exit 255", "kill -TERM $$", "kill -KILL $$", "kill -SEGV $$"):
        pid = os.posix_spawn("/bin/sh", ["sh", "-c", "ulimit -c 0; " + action], {})
        _, status = os.waitpid(pid, 0)
        print(action, os.waitstatus_to_exitcode(status), os.WIFSIGNALED(status), os.WIFEXITED(status))
    attempt(os.waitpid, -1, os.WNOHANG)
    attempt(os.waitpid, os.getpid(), 0)


@step
def stop_and_go_on():
    pid = os.spawnv(os.P_NOWAIT, "/bin/sleep", ["sleep", "1000"])
    os.kill(pid, signal.SIGSTOP)
    _, status = os.waitpid(pid, os.WUNTRACED)
    print(os.WIFSTOPPED(status), os.WSTOPSIG(status))
    with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
        print(f.read().split()[2])
    os.kill(pid, signal.SIGCONT)
    _, status = os.waitpid(pid, os.WCONTINUED)
    print(os.WIFCONTINUED(status))
    os.kill(pid, signal.SIGKILL)
    info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    print(info.si_status, info.si_code == os.CLD_KILLED, info.si_pid == pid)
    _, status, usage = os.wait4(pid, 0)
    print(os.WTERMSIG(status), usage.ru_maxrss > 0)


@step
def a_descriptor_of_a_process():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    fd = os.pidfd_open(pid)
    signal.pidfd_send_signal(fd, signal.SIGTERM)
    info = os.waitid(os.P_PIDFD, fd, os.WEXITED)
    print(info.si_status, info.si_code == os.CLD_KILLED)
    attempt(signal.pidfd_send_signal, fd, 0)
    os.close(fd)


@step
def handlers_and_a_wakeup_descriptor():
    got = []
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    old = signal.set_wakeup_fd(writer)
    for number in (signal.SIGUSR1, signal.SIGRTMIN + 1, signal.SIGHUP):
        signal.signal(number, lambda n, frame: got.append(n))
        signal.raise_signal(number)
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(old)
    print([int(n) for n in got], list(os.read(reader, 100)))
    os.close(reader)
    os.close(writer)
    attempt(signal.signal, signal.SIGKILL, signal.SIG_IGN)


@step
def timers_of_signals():
    got = []
    signal.signal(signal.SIGALRM, lambda *_: got.append("alarm"))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    while len(got) < 3:
        signal.pause()
    print(signal.setitimer(signal.ITIMER_REAL, 0)[1], got[:3])
    signal.alarm(100)
    print(signal.alarm(0) in (99, 100), signal.getitimer(signal.ITIMER_REAL))

    def ring(*_):
        raise InterruptedError("rung")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    attempt(time.sleep, 100)
    signal.signal(signal.SIGVTALRM, lambda *_: got.append("virtual"))
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)
    while got[-1] != "virtual":
        pass
    print(got[-1])
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


@step
def interrupted_calls_go_on():
    got = []
    signal.signal(signal.SIGCHLD, lambda *_: got.append("child"))
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0)
        os.waitpid(grandchild, 0)
        os.kill(os.getppid(), signal.SIGCHLD)
        os.write(writer, b"after the signal")
        os._exit(0)
    print(os.read(reader, 100), got[0])
    os.waitpid(pid, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(reader)
    os.close(writer)


def double(x):
    return 2 * x


def fail(x):
    raise ValueError(f"no {x}")


@step
def a_pool_of_processes():
    with FORKING.Pool(3) as pool:
        print(pool.map(double, range(12)), pool.apply(double, (50,)), sorted(pool.imap_unordered(double, range(5), 2)))
        attempt(pool.apply, fail, (7,))
        late = pool.apply_async(time.sleep, (1000,))
        attempt(late.get, 0.02)
        print(pool.starmap(divmod, [(17, 5), (9, 3)]))


def count_up(counter, lock, times):
    for _ in range(times):
        with lock:
            counter.value += 1


@step
def values_in_shared_memory():
    counter, lock = FORKING.Value("i", 0, lock=False), FORKING.Lock()
    processes = [FORKING.Process(target=count_up, args=(counter, lock, 200)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print(counter.value, [process.exitcode for process in processes])
    numbers = FORKING.Array(ctypes.c_double, 4)
    process = FORKING.Process(target=numbers.__setitem__, args=(2, 1.5))
    process.start()
    process.join()
    print(numbers[:])


def meet(barrier, queue, i):
    barrier.wait()
    queue.put(i)


@step
def queues_barriers_and_events():
    queue, barrier = FORKING.Queue(), FORKING.Barrier(4)
    processes = [FORKING.Process(target=meet, args=(barrier, queue, i)) for i in range(4)]
    for process in processes:
        process.start()
    print(sorted(queue.get() for _ in processes))
    for process in processes:
        process.join()
    event, semaphore = FORKING.Event(), FORKING.Semaphore(2)
    process = FORKING.Process(target=event.set)
    process.start()
    print(event.wait(50), semaphore.acquire(), semaphore.acquire(), semaphore.acquire(timeout=0.02))
    process.join()
    queue.close()
    queue.join_thread()
    line = FORKING.SimpleQueue()
    process = FORKING.Process(target=line.put, args=({"a": b"x" * 100000},))
    process.start()
    print(len(line.get()["a"]))
    process.join()


def take_turns(condition, turn, me, line):
    for i in range(10):
        with condition:
            condition.wait_for(lambda wanted=2 * i + me: turn.value == wanted)
            line.put(me)
            turn.value += 1
            condition.notify_all()


@step
def a_condition_between_processes():
    condition, turn, line = FORKING.Condition(), FORKING.Value("i", 0), FORKING.SimpleQueue()
    processes = [FORKING.Process(target=take_turns, args=(condition, turn, i, line)) for i in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    print([line.get() for _ in range(20)])


def write_named(name):
    block = shared_memory.SharedMemory(name)
    block.buf[:5] = b"named"
    block.close()


@step
def named_shared_memory():
    block = shared_memory.SharedMemory(create=True, size=10000)
    process = FORKING.Process(target=write_named, args=(block.name,))
    process.start()
    process.join()
    print(bytes(block.buf[:5]), block.size >= 10000, os.path.exists("/dev/shm/" + block.name))
    block.close()
    block.unlink()
    print(os.path.exists("/dev/shm/" + block.name))
    names = shared_memory.ShareableList([1, "two", 3.0, None])
    print(list(names), names[1])
    names.shm.close()
    names.shm.unlink()


def die(how):
    if how == "exit":
        sys.exit(4)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stderr = io.StringIO()
    raise KeyError(how)


@step
def how_processes_end():
    for how in ("exit", "kill", "raise"):
        process = FORKING.Process(target=die, args=(how,), name=how)
        process.start()
        process.join()
        print(process.name, process.exitcode, process.is_alive())
    process = FORKING.Process(target=signal.pause)
    process.start()
    process.join(0.02)
    print(process.exitcode, process.is_alive(), len(multiprocessing.active_children()))
    process.terminate()
    process.join()
    print(process.exitcode)
    process.close()
    attempt(process.is_alive)


@step
def spawned_and_served():
    for method in ("spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        process = context.Process(target=queue.put, args=(method,))
        process.start()
        print(queue.get())
        process.join()
        print(process.exitcode)


@step
def limits_and_usage():
    def child():
        resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print(subprocess.check_output(["/bin/sh", "-c", "ulimit -n; ulimit -c"], preexec_fn=child))

    def little():
        resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
    done = subprocess.run([sys.executable, "-S", "-c", "bytearray(1 << 30)"], preexec_fn=little, stderr=subprocess.PIPE, check=False)
    print(done.returncode, done.stderr.split(b"\n")[-2])

    def brief():
        resource.setrlimit(resource.RLIMIT_CPU, (1, 2))
    done = subprocess.run(["/bin/sh", "-c", "while :; do :; done"], preexec_fn=brief, check=False)
    print(signal.Signals(-done.returncode).name)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(used.ru_utime + used.ru_stime > 0.9, used.ru_maxrss > 1000, used.ru_minflt > 100)
    print(os.sysconf("SC_PAGE_SIZE"), os.cpu_count() >= 1, len(os.sched_getaffinity(0)) >= 1, os.getpriority(os.PRIO_PROCESS, 0))


@step
def sixty_children_at_once():
    children = []
    reader, writer = os.pipe()
    for i in range(60):
        pid = os.fork()
        if pid == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(i)
        children.append(pid)
    os.close(writer)
    os.close(reader)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    print(codes == list(range(60)))


@step
def an_exec_keeps_what_it_should():
    for command in (["/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"], ["/bin/sh", "-c", "echo 9 >&9; echo 8 >&8"]):
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.signal(signal.SIGUSR2, lambda *_: None)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
            os.dup2(1, 9, inheritable=True)
            os.dup2(1, 8, inheritable=False)
            os.execv(command[0], command)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    run_steps()
