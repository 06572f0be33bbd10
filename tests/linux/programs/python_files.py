#!/usr/bin/python3
"""Python's mmap and sqlite3, with several processes at one file."""
import fcntl
import mmap
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from common_steps import attempt, run_steps, step, told  # noqa: E402

PAGE = mmap.PAGESIZE


def in_a_child(function):
    """The exit code of @function in a process of its own; 99 when it failed."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = function() or 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@step
def a_map_writes_to_its_file():
    with open("file", "w+b") as f:
        f.write(b"0123456789" * 1000)
        f.flush()
        with mmap.mmap(f.fileno(), 0) as m:
            print(len(m), m[:5], m[9990:], m.find(b"90"), m.rfind(b"01"))
            m[10:15] = b"abcde"
            m.seek(5000)
            m.write(b"written")
            m.flush()
            print(m.read(5), m.tell())
        f.seek(8)
        print(f.read(9))
    with open("file", "rb") as f:
        f.seek(5000)
        print(f.read(10))


@step
def a_map_sees_what_write_does():
    with open("file", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        os.pwrite(f.fileno(), b"by write", 4092)
        print(m[4090:4102])
        m[4096:4100] = b"MMAP"
        print(os.pread(f.fileno(), 12, 4090))


@step
def kinds_of_access():
    with open("file", "r+b") as f:
        with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
            attempt(m.__setitem__, 0, 65)
        with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
            m[:4] = b"copy"
            print(m[:5], os.pread(f.fileno(), 5, 0))
    with open("file", "rb") as f:
        attempt(mmap.mmap, f.fileno(), 0)
        attempt(mmap.mmap, f.fileno(), 1 << 20, prot=mmap.PROT_READ)
    with open("empty", "w+b") as f:
        attempt(mmap.mmap, f.fileno(), 0)
    attempt(mmap.mmap, 99, 100)


@step
def a_map_of_the_middle():
    with open("file", "r+b") as f:
        os.ftruncate(f.fileno(), 10 * PAGE)
        with mmap.mmap(f.fileno(), PAGE, offset=3 * PAGE) as m:
            m[:] = b"m" * PAGE
        print(os.pread(f.fileno(), 3, 3 * PAGE - 1), os.pread(f.fileno(), 3, 4 * PAGE - 1))
        attempt(mmap.mmap, f.fileno(), PAGE, offset=100)


@step
def maps_grow_and_shrink():
    with open("grow", "w+b") as f:
        f.write(b"x" * PAGE)
        f.flush()
        m = mmap.mmap(f.fileno(), PAGE)
        m.resize(64 * PAGE)
        m[63 * PAGE:] = b"e" * PAGE
        print(len(m), os.fstat(f.fileno()).st_size // PAGE, m[0], m[-1])
        m.resize(100)
        print(len(m), os.fstat(f.fileno()).st_size)
        m.close()
    m = mmap.mmap(-1, PAGE)
    m[:3] = b"abc"
    attempt(m.resize, 1000 * PAGE)
    print(m[:3])


@step
def memory_shared_with_children():
    shared, own = mmap.mmap(-1, PAGE), mmap.mmap(-1, PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def child():
        shared[:5] = own[:5] = b"child"
    print(in_a_child(child), shared[:5], own[:5])
    total = mmap.mmap(-1, PAGE)

    def add():
        for i in range(200):
            with open("counter", "r+b") as f:
                fcntl.lockf(f, fcntl.LOCK_EX)
                struct.pack_into("i", total, 0, struct.unpack_from("i", total, 0)[0] + 1)
        return i - 199
    with open("counter", "w", encoding="utf-8"):
        pass
    pids = []
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            os._exit(add())
        pids.append(pid)
    print([os.waitpid(pid, 0)[1] for pid in pids], struct.unpack_from("i", total, 0))


@step
def a_file_that_is_cut_under_its_map():
    def touch(past):
        with open("cut", "w+b") as f:
            os.ftruncate(f.fileno(), 3 * PAGE)
            m = mmap.mmap(f.fileno(), 3 * PAGE)
            m[2 * PAGE] = 7
            os.ftruncate(f.fileno(), PAGE + 10)
            return m[past]
    signal_of_bus = in_a_child(lambda: touch(2 * PAGE))
    print(in_a_child(lambda: touch(PAGE + 100)), signal.Signals(-signal_of_bus).name)


@step
def advice_and_copies():
    m = mmap.mmap(-1, 64 * PAGE)
    m[:] = b"z" * (64 * PAGE)
    m.madvise(mmap.MADV_WILLNEED)
    m.madvise(mmap.MADV_SEQUENTIAL)
    private = mmap.mmap(-1, 4 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    private[:] = b"p" * (4 * PAGE)
    private.madvise(mmap.MADV_DONTNEED, PAGE, PAGE)
    print(private[PAGE - 1], private[PAGE], private[2 * PAGE])
    m.move(0, PAGE, 63 * PAGE)
    print(m[0], memoryview(m)[10:12].tobytes(), len(m) // PAGE)


@step
def a_program_in_memory():
    fd = os.memfd_create("program", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open("/bin/echo", "rb") as f:
        os.write(fd, f.read())
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK)
    attempt(os.write, fd, b"x")
    attempt(mmap.mmap, fd, PAGE)
    print(subprocess.run([f"/proc/self/fd/{fd}", "from memory"], pass_fds=[fd], capture_output=True, check=True).stdout)
    os.close(fd)


@step
def a_large_sparse_file():
    with open("sparse", "w+b") as f:
        os.ftruncate(f.fileno(), 1 << 30)
        with mmap.mmap(f.fileno(), 1 << 30) as m:
            for place in (0, 123456789, (1 << 30) - 1):
                m[place] = 1
            print([m[place] for place in (0, 1, 123456789, (1 << 30) - 1)])
        print(os.fstat(f.fileno()).st_blocks <= 64)
        print(os.lseek(f.fileno(), PAGE, os.SEEK_DATA) // PAGE, os.lseek(f.fileno(), 0, os.SEEK_HOLE) // PAGE)


@step
def a_database_in_a_file():
    with sqlite3.connect("data.db") as db:
        db.execute("create table stars (name text primary key, magnitude real, spectrum blob)")
        db.executemany("insert into stars values (?, ?, ?)", [("Albireo A", 3.18, b"K2"), ("Albireo B", 5.11, b"B8"), ("Deneb", 1.25, None)])
    print(db.execute("select name, magnitude from stars order by magnitude").fetchall())
    try:
        db.execute("insert into stars values ('Deneb', 0, 0)")
    except sqlite3.IntegrityError as error:
        print(told(error))
    db.close()
    with open("data.db", "rb") as f:
        print(f.read(15), os.path.getsize("data.db") % 4096, os.path.exists("data.db-journal"))


@step
def a_transaction_that_is_undone():
    db = sqlite3.connect("data.db")
    try:
        with db:
            db.execute("delete from stars")
            print(db.in_transaction, os.path.exists("data.db-journal"), db.execute("select count(*) from stars").fetchone())
            raise KeyError("undo")
    except KeyError:
        print(db.in_transaction, db.execute("select count(*) from stars").fetchone())
    db.close()


@step
def a_writer_is_locked_out():
    first, second = sqlite3.connect("data.db", isolation_level=None), sqlite3.connect("data.db", timeout=0.02, isolation_level=None)
    first.execute("begin immediate")
    for statement in ("begin immediate", "select count(*) from stars", "update stars set magnitude = 0"):
        try:
            print(second.execute(statement).fetchone())
        except sqlite3.OperationalError as error:
            print(told(error))
    first.execute("commit")
    print(second.execute("update stars set magnitude = magnitude + 1").rowcount)
    first.close()
    second.close()


def insert_many(me, count):
    db = sqlite3.connect("many.db", timeout=100, isolation_level=None)
    for i in range(count):
        db.execute("begin immediate")
        (last,) = db.execute("select coalesce(max(number), 0) from lines").fetchone()
        db.execute("insert into lines values (?, ?, ?)", (last + 1, me, i))
        db.execute("commit")
    db.close()


@step
def processes_write_to_one_database():
    for mode in ("delete", "wal", "truncate", "persist"):
        db = sqlite3.connect("many.db", isolation_level=None)
        print(db.execute(f"pragma journal_mode = {mode}").fetchone(), db.execute("pragma synchronous = off").fetchone())
        db.execute("create table lines (number integer primary key, writer, step)")
        db.close()
        pids = []
        for me in range(3):
            pid = os.fork()
            if pid == 0:
                insert_many(me, 15)
                os._exit(0)
            pids.append(pid)
        print([os.waitpid(pid, 0)[1] for pid in pids])
        db = sqlite3.connect("many.db")
        print(db.execute("select count(*), max(number) from lines").fetchone(),
              db.execute("select writer, count(*), max(step) from lines group by writer").fetchall(), db.execute("pragma integrity_check").fetchone())
        db.execute("drop table lines")
        db.close()


@step
def threads_write_to_one_database():
    db = sqlite3.connect("many.db", isolation_level=None)
    db.execute("pragma journal_mode = wal")
    db.execute("create table lines (number integer primary key, writer, step)")
    db.close()
    threads = [threading.Thread(target=insert_many, args=(i, 15)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db = sqlite3.connect("many.db")
    print(db.execute("select count(*), max(number) from lines").fetchone())
    db.close()
    print(sorted(name for name in os.listdir(".") if name.startswith("many")))


@step
def a_reader_keeps_its_snapshot():
    writer, reader = (sqlite3.connect("many.db", isolation_level=None) for _ in range(2))
    reader.execute("begin")
    before = reader.execute("select count(*) from lines").fetchone()
    writer.execute("delete from lines where number > 10")
    print(before, reader.execute("select count(*) from lines").fetchone(), writer.execute("select count(*) from lines").fetchone())
    reader.execute("commit")
    print(reader.execute("select count(*) from lines").fetchone(), sorted(name for name in os.listdir(".") if name.startswith("many")))
    print(writer.execute("pragma wal_checkpoint(truncate)").fetchone(), os.path.getsize("many.db-wal"))
    reader.close()
    writer.close()


@step
def a_killed_writer_leaves_it_whole():
    def die(mode):
        db = sqlite3.connect("killed.db", isolation_level=None)
        db.execute(f"pragma journal_mode = {mode}")
        db.execute("pragma cache_size = 2")
        db.execute("create table if not exists t (x)")
        db.execute("insert into t values ('kept')")
        db.execute("begin immediate")
        db.executemany("insert into t values (?)", [("lost" * 500,) for _ in range(100)])
        os.kill(os.getpid(), signal.SIGKILL)
    for mode in ("delete", "wal"):
        print(in_a_child(lambda: die(mode)), sorted(name for name in os.listdir(".") if name.startswith("killed")))
        db = sqlite3.connect("killed.db")
        print(db.execute("select count(*), max(x) from t").fetchone(), db.execute("pragma integrity_check").fetchone())
        db.close()


@step
def a_database_that_is_mapped():
    db = sqlite3.connect("mapped.db", isolation_level=None)
    print(db.execute("pragma mmap_size = 4000000").fetchone())
    db.execute("create table t (n integer primary key, text)")
    db.execute("begin")
    db.executemany("insert into t values (?, ?)", ((i, f"line {i}" * 10) for i in range(3000)))
    db.execute("commit")
    db.execute("create index by_text on t (text)")
    print(db.execute("select count(*), sum(n), min(text) from t").fetchone(), db.execute("select n from t where text like 'line 1234l%'").fetchall())
    db.execute("delete from t where n % 2")
    db.execute("vacuum")
    print(db.execute("select count(*) from t").fetchone(), db.execute("pragma integrity_check").fetchone(), os.path.getsize("mapped.db") // 4096)
    db.close()


@step
def functions_collations_and_search():
    db = sqlite3.connect(":memory:")
    db.create_function("twice", 1, lambda x: x * 2)
    db.create_collation("backwards", lambda a, b: (a < b) - (a > b))
    print(db.execute("select twice(21), twice('ab')").fetchone(),
          db.execute("select column1 from (values ('a'), ('c'), ('b')) order by 1 collate backwards").fetchall())
    db.execute("create virtual table notes using fts5(body)")
    db.executemany("insert into notes values (?)", [("a double star",), ("a single star",), ("a planet",)])
    print(db.execute("select body from notes where notes match 'star NOT single'").fetchall())
    print(db.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) select sum(i) from n").fetchone())
    print(db.execute("select json_extract('{\"a\": [1, 2, 3]}', '$.a[1]')").fetchone())


@step
def copies_and_dumps():
    db = sqlite3.connect("data.db")
    with sqlite3.connect("backup.db") as copy:
        db.backup(copy, pages=1)
    print(copy.execute("select count(*) from stars").fetchone(), list(db.iterdump())[:2])
    copy.close()
    db.close()
    with open("backup.db", "r+b") as f:
        f.seek(100)
        f.write(b"\xff" * 3000)
    broken = sqlite3.connect("backup.db")
    attempt(broken.execute, "select * from stars")
    broken.close()
    attempt(sqlite3.connect, "/no/such/folder/x.db")
    db = sqlite3.connect("file:data.db?mode=ro", uri=True)
    attempt(db.execute, "delete from stars")
    db.close()


if __name__ == "__main__":
    run_steps()
