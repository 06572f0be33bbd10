"""A minute of NT calls that nobody means, by Windows programs of a user, of root and on the checking kernel.

Each run draws a seed and prints it; ALBIREO_SEED=N repeats a run.
"""
from x.testing import workloads

IS_ALONE = True
SECONDS = 60


def run(m, who, uid, options=()):
    seed = workloads.drawn_seed()
    print(f"{who}: seed {seed}", flush=True)
    workloads.tell(who, seed, workloads.hostile_nt_calls(m, SECONDS, seed, uid, options=options))


def scenario_hostile_nt_calls_of_nobody(m):
    run(m, "nobody", workloads.NOBODY)


def scenario_hostile_nt_calls_of_root(m):
    run(m, "root", 0)


def scenario_hostile_nt_calls_on_the_checking_kernel(m):
    run(m, "checked", workloads.NOBODY, ["--debug-kernel"])
