"""Calls of both edges, plausible and wrong, in sequences, on four processors of the kernel that checks itself.

`./x torture syscalls --time N` takes N seconds instead of 20 minutes. Each run draws a seed and prints it; ALBIREO_SEED=N
repeats a run.
"""
from x.testing import workloads

IS_ALONE = True
SECONDS = 20 * 60
RUNS = 4


def run(m, edge, who, uid):
    seed = workloads.drawn_seed()
    print(f"{edge}, {who}: seed {seed}", flush=True)
    seconds = max(1, workloads.torture_seconds(SECONDS) // RUNS)
    workloads.tell(f"{edge}, {who}", seed, workloads.syscalls(m, edge, seconds, seed, uid))


def scenario_syscalls_of_linux_by_nobody(m):
    run(m, "calls", "nobody", workloads.NOBODY)


def scenario_syscalls_of_linux_by_root(m):
    run(m, "calls", "root", 0)


def scenario_syscalls_of_nt_by_nobody(m):
    run(m, "nt", "nobody", workloads.NOBODY)


def scenario_syscalls_of_nt_by_root(m):
    run(m, "nt", "root", 0)
