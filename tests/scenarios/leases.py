"""What the kernel answers on leases: without a call of a service, and never wrongly."""
from x.testing import workloads

OPERATIONS = ("open+close", "open-for-write+close", "stat", "stat-missing", "read", "write", "fork", "execve", "kill",
              "connect", "connect-abstract")


def scenario_known_things_on_tmpfs_cost_no_call_of_a_service(m):
    result = m.succeeds(m.program("warm"), m.program("nothing"))
    lines = [line.split() for line in result.out.decode().splitlines()]
    m.equal([words[0] for words in lines if words[1] == "done"], list(OPERATIONS), "operations measured", result)
    calls = [" ".join(words) for words in lines if words[1].startswith("ipc.call.")]
    m.equal(calls, [], "synchronous calls between the 2nd and the 100th repetition", result)


def scenario_names_that_move_are_never_seen_wrongly(m):
    workloads.race(m, seconds=5)
