"""Memory of `enom-bridge serve` after some jobs and 100,000 hooks, and the time from its start
until /readyz says yes.

The account is paused once the jobs are done, so that the hooks are only accepted.
"""

import argparse
import multiprocessing
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from contrib.bench.accept import load
from contrib.bench.drain import Remote, fill, furnish, open_jobs, simulator
from contrib.bench.program import free_port, running
from contrib.bench.setting import build, head

CHUNK = 5000  # hooks signed beforehand: a signature is good for some minutes


def memory(pid: int) -> tuple[float, float]:
    """MiB of the process now, and at most so far."""
    lines = dict(line.split(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    now, most = (int(lines[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def ready(port: int) -> None:
    """Returns once /readyz says yes."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.005)
    raise SystemExit("It does not get ready.")


def starts(path: Path, count: int) -> list[float]:
    """Seconds from the start of the process until it is ready; the first one, which makes the
    database, is left out."""
    times = []
    for _ in range(count + 1):
        port, begun = free_port(), time.perf_counter()
        with running(path, "serve", "--port", str(port)):
            ready(port)
            times.append(time.perf_counter() - begun)
    return times[1:]


def grow(path: Path, sim: Remote, jobs: int, hooks: int) -> dict[str, tuple[float, float]]:
    """Memory at each stage."""
    folder, domains = path.parent, max(1, jobs // 4)
    furnish(sim, domains, jobs)
    service = build(folder, sim.endpoint, sim.hosted_email, 16)
    port, found = free_port(), {}
    with running(path, "serve", "--port", str(port)) as process:
        ready(port)
        found["started"] = memory(process.pid)
        fill(service, domains, jobs)
        while open_jobs(service):
            time.sleep(0.2)
        found[f"{jobs} jobs worked at"] = memory(process.pid)
        service.operator.pause_account("main", "only accepting from now on")
        context = multiprocessing.get_context("spawn")
        for done in range(0, hooks, CHUNK):
            ours, theirs = context.Pipe()
            client = context.Process(
                target=load, args=([port], min(CHUNK, hooks - done), 16, theirs, done)
            )
            client.start()
            ours.recv()
            client.join()
            if (done + CHUNK) % (hooks // 4) < CHUNK:
                found[f"{min(done + CHUNK, hooks)} hooks accepted"] = memory(process.pid)
    service.close()
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hooks", type=int, default=100_000)
    options.add_argument("--jobs", type=int, default=400)
    options.add_argument("--starts", type=int, default=9)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder, simulator() as sim:
        path = Path(folder) / "bridge.toml"
        found = grow(path, sim, chosen.jobs, chosen.hooks)
        times = starts(path, chosen.starts)
    print(head(f"`enom-bridge serve` on SQLite, {chosen.hooks} hooks"))
    print("\n| | MiB | most so far |\n| --- | --- | --- |")
    for stage, (now, most) in found.items():
        print(f"| {stage} | {now:.0f} | {most:.0f} |")
    shown = (
        f"{statistics.median(times):.2f} s, {min(times):.2f} "
        f"to {max(times):.2f} s in {len(times)} starts"
    )
    print(f"\nFrom the start of the process until /readyz answers 200: {shown}.")


if __name__ == "__main__":
    main()
