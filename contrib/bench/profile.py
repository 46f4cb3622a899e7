"""What a suspension costs the worker's processor, and where: one job after the other in one thread.

First the milliseconds without a profiler, then the shares with one, which makes small functions
look dearer than they are. The interpreter's own functions count for who calls them. The remote is a
process of its own that answers at once.
"""

import argparse
import cProfile
import tempfile
import time
from collections import Counter
from pathlib import Path

from bridge import wiring
from contrib.bench.drain import fill, furnish, simulator
from contrib.bench.setting import build, head

WARM, EACH = 20, 5  # jobs before anything is measured; mailboxes of a domain
PARTS = {  # what is in the path of a file, or in the name of a function of the interpreter
    "SQLite": ("sqlite3.",),
    "SQLAlchemy": ("/sqlalchemy/",),
    "calls: requests, urllib3, http.client": (
        "/requests/",
        "/urllib3/",
        "/http/",
        "/email/",
        "/urllib/",
        "socket",
        "http_client.py",
        "http_connections.py",
    ),
    "threads: starting, waiting": ("/threading.py", "_thread"),
    "log": ("/structlog/", "/logging/", "bridge/infra/logs.py"),
    "the bridge's own": ("/bridge/",),
}


def part_of(*words: str) -> str:
    return next(
        (
            part
            for part, known in PARTS.items()
            if any(one in word for one in known for word in words)
        ),
        "other",
    )


def shares(profile: cProfile.Profile) -> Counter[str]:
    """Seconds by part."""
    found: Counter[str] = Counter()
    profile.create_stats()
    for (file, _, name), (_, _, seconds, _, callers) in profile.stats.items():
        if file != "~":
            found[part_of(file)] += seconds
        elif part_of(name) != "other":
            found[part_of(name)] += seconds
        else:
            for (caller, _, whose), (_, _, part, _) in callers.items():
                found[part_of(caller, whose)] += part
    return found


def suspensions(service: wiring.Service, count: int) -> None:
    engine = service.new_engine()
    for _ in range(count):
        job = engine.queue.claim("bench", engine.limits)
        assert job is not None
        engine.worker.run(job)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--jobs", type=int, default=150, help="so many without a profiler, and as many with one"
    )
    count = options.parse_args().jobs
    total = WARM + 2 * count
    with simulator() as sim, tempfile.TemporaryDirectory() as folder:
        furnish(sim, -(-total // EACH), total)
        service = build(Path(folder), sim.endpoint, sim.hosted_email, 16)
        fill(service, -(-total // EACH), total)
        suspensions(service, WARM)
        wall, used = time.perf_counter(), time.process_time()
        suspensions(service, count)
        wall, used = time.perf_counter() - wall, time.process_time() - used
        with cProfile.Profile() as profile:
            suspensions(service, count)
        service.close()
    print(head(f"{count} suspensions, one after the other in one thread"))
    print(
        f"\n{1000 * used / count:.1f} ms of the processor a "
        f"job, {1000 * wall / count:.1f} ms in all\n"
    )
    print("| part | share | of the milliseconds |\n| --- | --- | --- |")
    found = shares(profile)
    for part, seconds in found.most_common():
        share = seconds / found.total()
        print(f"| {part} | {100 * share:.0f} % | {1000 * used / count * share:.1f} |")


if __name__ == "__main__":
    main()
