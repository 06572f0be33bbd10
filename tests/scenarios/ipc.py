"""Native IPC and brokers, as a plain process meets them."""
import re

EXPECTED = """\
call of a service = 0
its answer = EACCES
call of a service = 0
its answer = EACCES
call of a service = 0
its answer = EACCES
call of a service = 0
its answer = EACCES
call = 0
sum in the reply = 7
data in the reply = ALBIREO
call with more data than the receiver takes = E2BIG
call with more data than a message holds = E2BIG
call with data at a bad address = EFAULT
call with a message at a bad address = EFAULT
call of a closed handle = EBADF
reply to a stale token = EINVAL
handle to a byte-only receiver = EACCES
the receiver goes on = 7
handle without the right to be sent = EACCES
handle that is closed = EBADF
too many handles = EINVAL
handle to a receiver that wants it = 0
handles it got = 1
handles it sent = 1
call of the handle that it sent = 7
call of the dead one's handle = EPIPE
call of a server that dies with it = EPIPE
call of a dead server = EPIPE
call with a deadline = ETIMEDOUT
call that a signal interrupts = EINTR
"""


def check_brokers(m, result, lines):
    """Each broker gave EACCES, and the log has one line about it."""
    names = [line.removesuffix(" = EACCES") for line in lines]
    m.true(all(line.endswith(" = EACCES") for line in lines), f"a broker let a plain process in:\n{lines}")
    told = re.findall(r"machine-ipc \(pid \d+\) may not call (\w+): no capability", m.log_text(result))
    m.equal(sorted(told), sorted(set(names)), "brokers that the log tells of", result)


def scenario_brokers_and_messages_refuse_what_they_must(m):
    result = m.succeeds(m.program("ipc"), options=["--smp", "4"])
    head, tail = result.out.decode().split("IPC_REGISTER_SERVICE_ENDPOINT of no service = EINVAL\n")
    brokers = head.splitlines()
    m.true(len(set(brokers)) >= 14, f"expected all brokers to be called\ngot {brokers}")
    check_brokers(m, result, brokers)
    m.equal(tail, EXPECTED, "answers", result)
