"""Threads under load, ten times in a row on one processor and on four."""
from x.testing import workloads

IS_ALONE = True
RUNS = 10


def scenario_threads_are_right_on_one_processor(m):
    for _ in range(RUNS):
        workloads.thread_work(m, cpus=1, size=1)


def scenario_threads_are_right_on_four_processors(m):
    for _ in range(RUNS):
        workloads.thread_work(m, cpus=4, size=1)
