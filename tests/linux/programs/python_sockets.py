#!/usr/bin/python3
"""Python's modules that speak through AF_UNIX sockets: socketserver, multiprocessing, asyncio."""
import array
import asyncio
import errno
import multiprocessing
import os
import selectors
import socket
import socketserver
import sys
import tempfile
import threading
from multiprocessing.connection import Client, Listener

sys.stdout.reconfigure(line_buffering=True)
os.chdir(tempfile.mkdtemp(prefix="s-", dir="/tmp"))


class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


class Threads(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class Packets(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data[::-1], self.client_address)


def serve(server, ask):
    with server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ask()
        server.shutdown()
        thread.join()


def ask_streams():
    for i in range(8):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("streams")
            client.sendall(b"line %d\nlast" % i)
            client.shutdown(socket.SHUT_WR)
            print(client.makefile().read())


def ask_packets():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.bind("mine")
        for word in (b"first", b"", b"a" * 5000):
            client.sendto(word, "packets")
            data, name = client.recvfrom(8192)
            print(len(data), data[:10], name)


def child(pipe):
    pipe.send([1, "two", {"three": 3.0}])
    print("child:", pipe.recv())


def square(n):
    return n * n


def processes():
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=child, args=(there,))
    process.start()
    print("parent:", here.recv())
    here.send("enough")
    process.join()
    print("exit code", process.exitcode)
    with multiprocessing.Pool(3) as pool:
        print(pool.map(square, range(10)))
    with multiprocessing.Manager() as manager:
        shared = manager.dict(a=1)
        workers = [multiprocessing.Process(target=shared.update, args=({i: i},)) for i in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(sorted(shared.items(), key=str))


def listener():
    def connect():
        with Client("listener", authkey=b"key") as client:
            client.send(["over", "the", "wire"])

    with Listener("listener", "AF_UNIX", authkey=b"key") as server:
        thread = threading.Thread(target=connect)
        thread.start()
        with server.accept() as connection:
            print(connection.recv())
        thread.join()


def descriptors():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reader, writer = os.pipe()
    socket.send_fds(a, [b"take ", b"this"], [writer, reader])
    data, fds, flags, _ = socket.recv_fds(b, 100, 5)
    os.write(fds[0], b"through the copy")
    print(data, len(fds), flags, os.read(reader, 100))
    b.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    a.send(b"x")
    data, control, _, _ = b.recvmsg(10, socket.CMSG_SPACE(12))
    pid, uid, _ = array.array("i", control[0][2])
    print(data, pid == os.getpid(), uid == os.getuid())


def errors():
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.socket(family, 99)
        except OSError as error:
            print(error.errno in (errno.EAFNOSUPPORT, errno.EINVAL))
    for name in ("none", "\0none-%d" % os.getpid(), "x" * 200):
        try:
            socket.socket(socket.AF_UNIX).connect(name)
        except OSError as error:
            print(errno.errorcode.get(error.errno, str(error)))
    quick = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    quick.bind("\0quick-%d" % os.getpid())
    quick.settimeout(0.05)
    try:
        quick.recv(1)
    except TimeoutError:
        print("timed out")


def selecting():
    a, b = socket.socketpair()
    with selectors.DefaultSelector() as selector:
        selector.register(a, selectors.EVENT_READ)
        print(selector.select(0))
        b.send(b"x")
        print([mask for _, mask in selector.select(5)])
        a.recv(1)
        b.close()
        print([mask for _, mask in selector.select(5)], a.recv(1))


async def reverse(reader, writer):
    while line := await reader.readline():
        writer.write(line[:-1][::-1] + b"\n")
        await writer.drain()
    writer.close()


async def ask(i):
    reader, writer = await asyncio.open_unix_connection("async")
    writer.write(b"".join(b"%d-%d\n" % (i, k) for k in range(20)))
    writer.write_eof()
    lines = (await reader.read()).split()
    writer.close()
    return len(lines), lines[-1]


async def together():
    server = await asyncio.start_unix_server(reverse, "async")
    async with server:
        print(await asyncio.gather(*(ask(i) for i in range(10))))
    process = await asyncio.create_subprocess_exec("/bin/cat", stdin=-1, stdout=-1)
    print(await process.communicate(b"z" * 300000) == (b"z" * 300000, None))


if __name__ == "__main__":
    serve(Threads("streams", Upper), ask_streams)
    serve(socketserver.UnixDatagramServer("packets", Packets), ask_packets)
    processes()
    listener()
    descriptors()
    errors()
    selecting()
    asyncio.run(together())
