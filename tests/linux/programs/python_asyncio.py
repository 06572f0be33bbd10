#!/usr/bin/python3
"""Python's asyncio: tasks, time-outs, subprocesses, pipes, signals, executors."""
import asyncio
import concurrent.futures
import os
import selectors
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_steps import run_steps, step, told  # noqa: E402


def tell_unheard(loop, context):
    """Whether a transport's own future meets a pipe that its child has closed as well is chance."""
    if not isinstance(context.get("exception"), BrokenPipeError):
        loop.default_exception_handler(context)


def asynchronous(function):
    """A step that an event loop of its own runs."""
    async def with_handler():
        asyncio.get_running_loop().set_exception_handler(tell_unheard)
        await function()

    def run():
        asyncio.run(with_handler())
    run.__name__ = function.__name__
    return step(run)


async def shell(line, **options):
    """The code and the output of a line of shell."""
    child = await asyncio.create_subprocess_shell(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    output, _ = await child.communicate()
    return child.returncode, output


@asynchronous
async def tasks_take_turns():
    said = []

    async def say(word):
        for _ in range(3):
            said.append(word)
            await asyncio.sleep(0)
    await asyncio.gather(*(say(word) for word in "abc"))
    print(said)


@asynchronous
async def sleepers_wake_in_order():
    woken = []

    async def doze(i):
        await asyncio.sleep(i / 50)
        woken.append(i)
    await asyncio.gather(*(doze(i) for i in (3, 1, 2, 0)))
    print(woken)


@asynchronous
async def a_time_out_cancels():
    ended = []

    async def forever():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
    try:
        await asyncio.wait_for(forever(), 0.02)
    except asyncio.TimeoutError:
        print("timed out", ended)
    task = asyncio.create_task(forever())
    await asyncio.sleep(0)
    task.cancel()
    done, pending = await asyncio.wait({task})
    print(len(done), len(pending), task.cancelled(), ended)


@asynchronous
async def a_group_fails_together():
    async def fail():
        raise ValueError("one of them")
    results = await asyncio.gather(fail(), asyncio.sleep(0, "fine"), return_exceptions=True)
    print([told(r) if isinstance(r, Exception) else r for r in results])
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.Event().wait())
            group.create_task(fail())
    except* ValueError as errors:
        print([told(error) for error in errors.exceptions])


@asynchronous
async def locks_and_queues():
    lock, queue, total = asyncio.Lock(), asyncio.Queue(2), [0]

    async def put():
        for i in range(20):
            await queue.put(i)
        await queue.put(None)

    async def take():
        while (item := await queue.get()) is not None:
            async with lock:
                total[0] += item
    await asyncio.gather(put(), take())
    semaphore, condition = asyncio.BoundedSemaphore(2), asyncio.Condition()
    async with semaphore, condition:
        condition.notify_all()
    print(total, queue.empty(), lock.locked())


@asynchronous
async def a_subprocess_gives_output():
    print(await shell("echo out; echo err >&2; exit 4"))
    child = await asyncio.create_subprocess_exec("/bin/false")
    print(await child.wait())
    try:
        await asyncio.create_subprocess_exec("/no/such/program")
    except OSError as error:
        print(told(error))


@asynchronous
async def subprocesses_run_side_by_side():
    print(await asyncio.gather(*(shell(f"echo {i}; exit {i}") for i in range(12))))


@asynchronous
async def a_talk_with_a_subprocess():
    child = await asyncio.create_subprocess_exec("/bin/sed", "-u", "s/^/> /", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for word in (b"one\n", b"two\n", b"three\n"):
        child.stdin.write(word)
        await child.stdin.drain()
        print(await child.stdout.readline())
    child.stdin.close()
    print(await child.stdout.read(), await child.wait())


@asynchronous
async def a_megabyte_through_a_subprocess():
    data = bytes(range(256)) * 4096
    child = await asyncio.create_subprocess_exec("/bin/cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    output, _ = await child.communicate(data)
    print(output == data, child.returncode)


@asynchronous
async def subprocesses_in_a_pipeline():
    reader, writer = os.pipe()
    first = await asyncio.create_subprocess_exec("/usr/bin/seq", "1", "5000", stdout=writer)
    os.close(writer)
    second = await asyncio.create_subprocess_exec("/usr/bin/wc", "-l", stdin=reader, stdout=subprocess.PIPE)
    os.close(reader)
    output, _ = await second.communicate()
    print(output, await first.wait(), second.returncode)


@asynchronous
async def a_subprocess_is_ended():
    for end in ("terminate", "kill"):
        child = await asyncio.create_subprocess_exec("/bin/sleep", "1000")
        try:
            await asyncio.wait_for(child.wait(), 0.02)
        except asyncio.TimeoutError:
            print("still there", child.returncode)
        getattr(child, end)()
        print(await child.wait())
    child = await asyncio.create_subprocess_shell("trap 'echo got it; exit 7' USR1; echo ready; while :; do read x; done",
                                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    print(await child.stdout.readline())
    child.send_signal(signal.SIGUSR1)
    child.stdin.write(b"\n")
    print(await child.stdout.read(), await child.wait())


@asynchronous
async def a_subprocess_that_closes_its_input():
    child = await asyncio.create_subprocess_shell("exec <&-; echo closed; read x <&3", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    print(await child.stdout.readline())
    try:
        while True:
            child.stdin.write(b"x" * 4096)
            await child.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        print("broken")
    print(await child.wait())


@asynchronous
async def lines_longer_than_the_limit():
    child = await asyncio.create_subprocess_shell("head -c 100000 /dev/zero; echo; echo short", stdout=subprocess.PIPE, limit=1000)
    try:
        await child.stdout.readline()
    except ValueError as error:
        print(type(error).__name__)
    rest = 0
    while data := await child.stdout.read(8192):
        rest += len(data)
    print(rest > 0, await child.wait())


@asynchronous
async def both_ends_of_a_pipe():
    loop = asyncio.get_running_loop()
    reader_fd, writer_fd = os.pipe()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reader_fd, "rb"))
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(writer_fd, "wb"))
    transport.write(b"z" * 200000 + b"\nlast\n")
    transport.write_eof()
    data = await reader.read()
    print(len(data), data[-6:])


@asynchronous
async def signals_in_the_loop():
    loop, got, all_in = asyncio.get_running_loop(), [], asyncio.Event()

    def take(name):
        got.append(name)
        if len(got) == 3:
            all_in.set()
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
        loop.add_signal_handler(number, take, number.name)
        os.kill(os.getpid(), number)
    await all_in.wait()
    print(sorted(got), loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGTERM))


@asynchronous
async def readers_of_descriptors():
    loop = asyncio.get_running_loop()
    a, b = socket.socketpair()
    with a, b:
        a.setblocking(False)
        b.setblocking(False)
        came = loop.create_future()
        loop.add_reader(a, lambda: came.done() or came.set_result(a.recv(100)))
        await loop.sock_sendall(b, b"to a")
        print(await came, loop.remove_reader(a), loop.remove_reader(a))
        sender = asyncio.create_task(loop.sock_sendall(b, b"y" * 1000000))
        total = 0
        while total < 1000000:
            total += len(await loop.sock_recv(a, 65536))
        await sender
        print(total)


@asynchronous
async def work_in_executors():
    loop = asyncio.get_running_loop()
    print(await asyncio.gather(*(loop.run_in_executor(None, pow, 2, i) for i in range(8))))
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        print(await asyncio.gather(*(loop.run_in_executor(pool, divmod, 100, i) for i in (7, 8, 9))))
    print(await asyncio.to_thread(os.path.exists, "/"))
    done = asyncio.Event()
    await asyncio.to_thread(lambda: loop.call_soon_threadsafe(done.set))
    print(await done.wait())


@asynchronous
async def many_timers():
    loop, rung, last = asyncio.get_running_loop(), [], asyncio.Event()
    base = loop.time() + 0.01
    for i in range(200):
        loop.call_at(base + (i * 7 % 200) / 100000, rung.append, i * 7 % 200)
    cancelled = loop.call_at(base, rung.append, "never")
    cancelled.cancel()
    loop.call_at(base + 0.01, last.set)
    await last.wait()
    print(rung == list(range(200)), cancelled.cancelled())


async def serve_one(reader, writer):
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()


@asynchronous
async def a_server_and_its_clients():
    server = await asyncio.start_unix_server(serve_one, "socket")
    async with server:
        async def ask(i):
            reader, writer = await asyncio.open_unix_connection("socket")
            writer.write(f"client {i}\n".encode())
            writer.write_eof()
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer
        print(await asyncio.gather(*(ask(i) for i in range(5))))
    print(server.is_serving(), os.path.exists("socket"))


@asynchronous
async def a_subprocess_speaks_with_the_server():
    server = await asyncio.start_unix_server(serve_one, "speak")
    code = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('speak'); s.sendall(b'from a child\\n'); print(s.recv(100))"
    async with server:
        child = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", code, stdout=subprocess.PIPE)
        print(await child.communicate(), child.returncode)


@step
def a_loop_on_another_selector():
    for selector in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
        loop = asyncio.SelectorEventLoop(selector())
        asyncio.set_event_loop(loop)
        print(selector.__name__, loop.run_until_complete(shell("echo through $0", executable="/bin/bash")))
        loop.close()


if __name__ == "__main__":
    run_steps()
