"""Many machines: each one must end as the first did."""
from concurrent.futures import ThreadPoolExecutor

IS_ALONE = True
RUNS = 200


def scenario_200_runs_two_at_a_time_all_end_right(m):
    def one(number):
        m.succeeds("/bin/busybox", "sh", "-c", f"echo {number}; cat", stdin=b"in", out=f"{number}\nin".encode())

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(one, range(RUNS)))
