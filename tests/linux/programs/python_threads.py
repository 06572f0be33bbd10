#!/usr/bin/python3
"""Python's threads and what is built on them: locks, queues, pools, timers, their signals and ends."""
import concurrent.futures
import contextvars
import os
import queue
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_steps import attempt, run_steps, step  # noqa: E402


def all_of(count, function, *arguments):
    """Run @function in @count threads, each with its number; wait for all."""
    threads = [threading.Thread(target=function, args=(i, *arguments)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return threads


def tasks():
    """The kernel's threads, as soon as those that were joined have left it.

    One that leaves meanwhile may hide another from the listing."""
    while len(ids := os.listdir("/proc/self/task")) != threading.active_count():
        time.sleep(0.001)
    return sorted(map(int, ids))


@step
def threads_fill_their_own_places():
    places = [None] * 32

    def fill(i):
        places[i] = i * i
    all_of(32, fill)
    print(places, threading.active_count())


@step
def a_lock_keeps_a_sum_right():
    lock = threading.Lock()
    total = [0]

    def add(_):
        for _ in range(2000):
            with lock:
                total[0] += 1
    all_of(8, add)
    print(total)


@step
def locks_try_and_time_out():
    lock = threading.Lock()
    print(lock.acquire(), lock.acquire(blocking=False), lock.acquire(timeout=0.02), lock.locked())
    lock.release()
    attempt(lock.release)
    again = threading.RLock()
    print(again.acquire(), again.acquire())
    again.release()
    again.release()
    attempt(again.release)


@step
def two_threads_take_turns_by_a_condition():
    condition = threading.Condition()
    said = []

    def say(me):
        for turn in range(50):
            with condition:
                condition.wait_for(lambda wanted=2 * turn + me: len(said) == wanted)
                said.append(me)
                condition.notify_all()
    all_of(2, say)
    print(said == [0, 1] * 50)


@step
def a_condition_times_out():
    condition = threading.Condition()
    with condition:
        print(condition.wait(0.02), condition.wait_for(lambda: False, 0.02))
    attempt(condition.notify)


@step
def an_event_starts_all():
    event = threading.Event()
    ready = threading.Barrier(9)
    started = []

    def wait(i):
        ready.wait()
        event.wait()
        started.append(i)
    threads = [threading.Thread(target=wait, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    ready.wait()
    print(started, event.wait(0.02))
    event.set()
    for thread in threads:
        thread.join()
    print(sorted(started), event.wait())


@step
def a_semaphore_lets_three_in():
    semaphore = threading.BoundedSemaphore(3)
    lock = threading.Lock()
    inside = [0, 0]

    def enter(_):
        for _ in range(50):
            with semaphore:
                with lock:
                    inside[0] += 1
                    inside[1] = max(inside)
                with lock:
                    inside[0] -= 1
    all_of(10, enter)
    print(inside[0], inside[1] <= 3)
    attempt(semaphore.release)


@step
def a_barrier_keeps_rounds_apart():
    rounds = []
    barrier = threading.Barrier(4, action=lambda: rounds.append(sum(seen)))
    seen = [0] * 4

    def go(i):
        for n in range(10):
            seen[i] = n
            barrier.wait()
            barrier.wait()
    all_of(4, go)
    print(rounds)
    short = threading.Barrier(2, timeout=0.02)
    attempt(short.wait)
    print(short.broken)


@step
def a_queue_carries_work():
    work, done = queue.Queue(4), queue.Queue()

    def serve(_):
        while (item := work.get()) is not None:
            done.put(item * 2)
            work.task_done()
        work.task_done()
    threads = [threading.Thread(target=serve, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for item in list(range(200)) + [None] * 4:
        work.put(item)
    work.join()
    for thread in threads:
        thread.join()
    print(sorted(done.queue) == list(range(0, 400, 2)))
    for function in (lambda: work.get(timeout=0.02), work.get_nowait):
        try:
            function()
        except queue.Empty:
            print("empty")


@step
def a_queue_keeps_priorities():
    line = queue.PriorityQueue()
    all_of(6, lambda i: line.put((-i, f"item {i}")))
    print([line.get()[1] for _ in range(6)])
    stack = queue.LifoQueue()
    for i in range(3):
        stack.put(i)
    print([stack.get() for _ in range(3)])
    simple = queue.SimpleQueue()
    threading.Timer(0.01, simple.put, ["late"]).start()
    print(simple.get(timeout=50))


@step
def each_thread_has_its_own_data():
    own = threading.local()
    own.x = "main"
    seen = {}

    def look(i):
        before = hasattr(own, "x")
        own.x = i
        seen[i] = (before, own.x, threading.current_thread() is threading.main_thread())
    all_of(3, look)
    print(sorted(seen.items()), own.x)


@step
def names_and_ids():
    seen = []
    thread = threading.Thread(target=lambda: seen.append((threading.current_thread().name, threading.get_native_id())), name="named")
    print(thread.is_alive(), thread.ident, thread.daemon)
    thread.start()
    thread.join()
    print(seen[0][0], seen[0][1] != os.getpid(), threading.get_native_id() == os.getpid(), thread.is_alive())
    print(tasks() == [os.getpid()])


@step
def a_thread_shows_in_proc():
    stop, up = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (up.set(), stop.wait()))
    thread.start()
    up.wait()
    print(tasks() == [os.getpid(), thread.native_id])
    with open(f"/proc/self/task/{thread.native_id}/status", encoding="utf-8") as f:
        values = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
    print(values["Name"], values["Tgid"] == str(os.getpid()), values["Pid"] == str(thread.native_id), values["Threads"])
    stop.set()
    thread.join()


@step
def an_exception_ends_its_thread_only():
    caught = []
    threading.excepthook = lambda args: caught.append(f"{args.exc_type.__name__} {args.exc_value}")
    thread = threading.Thread(target=lambda: 1 // 0)
    thread.start()
    thread.join()
    threading.excepthook = threading.__excepthook__
    print(caught)
    attempt(thread.start)
    attempt(threading.current_thread().join)


@step
def a_pool_keeps_the_order():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        print(list(pool.map(lambda x: x ** 2, range(20))))
        futures = [pool.submit(divmod, 17, i) for i in range(3)]
        print([type(f.exception()).__name__ for f in futures], futures[2].result())
        gate = threading.Event()
        late = pool.submit(gate.wait)
        try:
            late.result(timeout=0.02)
        except concurrent.futures.TimeoutError:
            print("not yet")
        gate.set()
        print(late.result(), len(concurrent.futures.wait(futures).done))


@step
def a_timer_can_be_cancelled():
    rung = []
    timer = threading.Timer(50, rung.append, [1])
    timer.start()
    timer.cancel()
    timer.join()
    soon = threading.Timer(0.01, rung.append, [2])
    soon.start()
    soon.join()
    print(rung)


@step
def signals_come_to_the_main_thread():
    got = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: got.append((number, threading.current_thread() is threading.main_thread())))
    thread = threading.Thread(target=lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1))
    thread.start()
    thread.join()
    while len(got) < 1:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGUSR1)
    while len(got) < 2:
        time.sleep(0.001)
    signal.signal(signal.SIGUSR1, before)
    print(got)


@step
def a_thread_waits_for_a_blocked_signal():
    wanted = {signal.SIGUSR2}
    # A thread of the step before, still on its way out, would take the signal and die of it.
    tasks()
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    got = []
    thread = threading.Thread(target=lambda: got.append(signal.sigwait(wanted)))
    thread.start()
    signal.pthread_kill(thread.ident, signal.SIGUSR2)
    thread.join()
    os.kill(os.getpid(), signal.SIGUSR2)
    print(got, signal.sigpending(), signal.sigwait(wanted), signal.sigtimedwait(wanted, 0.01))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)


@step
def threads_read_from_pipes():
    pipes = [os.pipe() for _ in range(8)]
    heard = {}
    threads = [threading.Thread(target=lambda i=i: heard.update({i: os.read(pipes[i][0], 100)})) for i in range(8)]
    for thread in threads:
        thread.start()
    for i, (_, writer) in reversed(list(enumerate(pipes))):
        os.write(writer, b"for %d" % i)
    for thread in threads:
        thread.join()
    print(sorted(heard.items()))
    for reader, writer in pipes:
        os.close(reader)
        os.close(writer)


@step
def threads_start_programs():
    results = [None] * 6

    def run(i):
        results[i] = subprocess.run(["/bin/sh", "-c", f"echo {i}; exit {i}"], capture_output=True, check=False)
    all_of(6, run)
    print([(r.returncode, r.stdout) for r in results])


@step
def a_fork_keeps_one_thread():
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait) for _ in range(4)]
    for thread in threads:
        thread.start()
    pid = os.fork()
    if pid == 0:
        alone = len(os.listdir("/proc/self/task")) == 1 and threading.active_count() == 1
        os._exit(0 if alone else 1)
    print(os.waitpid(pid, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()


@step
def many_threads_one_after_the_other():
    count = [0]

    def one():
        count[0] += 1
    for _ in range(300):
        thread = threading.Thread(target=one)
        thread.start()
        thread.join()
    print(count, threading.active_count())


@step
def a_small_stack_and_a_deep_one():
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)
    old = threading.stack_size(64 * 1024 * 1024)
    result = []
    sys.setrecursionlimit(20000)
    thread = threading.Thread(target=lambda: result.append(depth(10000)))
    thread.start()
    thread.join()
    sys.setrecursionlimit(1000)
    print(old, threading.stack_size(), result)
    attempt(threading.stack_size, 1000)
    threading.stack_size(0)


@step
def contexts_are_copied():
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("main")
    seen = []
    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: seen.append((variable.get(), context.run(variable.get))))
    thread.start()
    thread.join()
    print(seen)


@step
def busy_threads_let_others_run():
    done = threading.Event()
    steps = [0]

    def spin():
        while not done.is_set():
            steps[0] += 1
    threads = [threading.Thread(target=spin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.005)
    done.set()
    for thread in threads:
        thread.join()
    print(steps[0] > 0)


@step
def clocks_of_threads():
    start = time.thread_time()
    while time.thread_time() - start < 0.01:
        pass
    print(time.process_time() >= time.thread_time() - start, time.clock_getres(time.CLOCK_MONOTONIC) > 0)
    clock = time.pthread_getcpuclockid(threading.get_ident())
    print(time.clock_gettime(clock) > 0)


if __name__ == "__main__":
    run_steps()
    # A daemon thread does not keep the program from its end.
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    print("ends")
