"""Milliseconds that the server takes for each page of the admin, with 100,000 jobs and 20,000
mailboxes, on both stores."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from bridge import wiring
from bridge.web import create_app
from bridge.web.admin import nav
from contrib.bench.filling import fill
from contrib.bench.setting import build, head
from contrib.bench.stores import sign_in, stores


def pages(ids: dict[str, str]) -> list[str]:
    one = [
        f"/admin/jobs/{ids['job']}",
        f"/admin/hooks/shop/{ids['hook']}",
        f"/admin/mailboxes/{ids['address']}",
    ]
    job, address, service = ids["job"], ids["address"], ids["service"]
    filtered = [
        "/admin/jobs?status=held", "/admin/jobs?status=cancelled", "/admin/jobs?status=running", "/admin/jobs?status=queued",
        f"/admin/jobs?address={address}", f"/admin/jobs?service_id={service}", f"/admin/jobs?after={job}",
        "/admin/jobs?action=mailbox.terminate", "/admin/jobs?source=shop&account=main&status=failed",
        "/admin/hooks?status=parked", "/admin/hooks?status=held", f"/admin/hooks?address={address}",
        "/admin/hooks?type=mailbox.terminate", "/admin/callbacks?status=exhausted", "/admin/callbacks?status=pending",
        "/admin/callbacks?status=stopped", f"/admin/callbacks?address={address}", f"/admin/callbacks?job_id={job}",
        "/admin/mailboxes?state=absent", "/admin/mailboxes?domain=example77.com", f"/admin/mailboxes?service_id={service}",
        *(f"/admin/{what}?source=shop" for what in ("jobs", "hooks", "callbacks", "mailboxes")),
        "/admin/audit?action=approve", "/admin/audit?who=nobody", f"/admin/audit?target={job}",
        f"/admin/search?q={service}", "/admin/search?q=nothing",
    ]  # fmt: skip
    return [*(each.path for each in nav.NAV), *one, f"/admin/callbacks/cb_{job}_1", *filtered]


def measure(
    service: wiring.Service, jobs: int, mailboxes: int, rounds: int
) -> dict[str, tuple[float, float, float]]:
    """For each page, with ids taken out of it: median, 95th percentile and median of the
    processor's time, in milliseconds."""
    ids = fill(service, jobs, mailboxes)
    client = create_app(service).test_client()
    sign_in(service, client)
    found = {}
    for path in pages(ids):
        times, work = [], []
        for _ in range(rounds + 2):
            begun, worked = time.perf_counter(), time.process_time()
            answer = client.get(path)
            times.append(1000 * (time.perf_counter() - begun))
            work.append(1000 * (time.process_time() - worked))
            assert answer.status_code == 200, f"{path}: {answer.status_code}"
        times, work = sorted(times[2:]), sorted(work[2:])  # the first ones compile and connect
        found[named(path, ids)] = (
            statistics.median(times),
            times[int(len(times) * 0.95)],
            statistics.median(work),
        )
    return found


def named(path: str, ids: dict[str, str]) -> str:
    for name, id in sorted(ids.items(), key=lambda item: -len(item[1])):
        path = (
            path.replace(f"={id}", f"=({name})")
            .replace(f"/{id}", f"/({name})")
            .replace(f"cb_{id}_1", "(callback)")
        )
    return path


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--jobs", type=int, default=100_000)
    options.add_argument("--mailboxes", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=30)
    options.add_argument("--no-postgres", action="store_true")
    chosen = options.parse_args()
    results = {}
    with stores(not chosen.no_postgres) as found:
        for store, url in found.items():
            with tempfile.TemporaryDirectory() as folder:
                service = build(
                    Path(folder),
                    "http://127.0.0.1:9/interface.asp",
                    "http://127.0.0.1:9/api",
                    database=url(),
                )
                try:
                    results[store] = measure(service, chosen.jobs, chosen.mailboxes, chosen.rounds)
                finally:
                    service.close()
    print(
        head(
            f"Pages of the admin, {chosen.jobs} jobs, {chosen.mailboxes} mailboxes, "
            f"{chosen.rounds} rounds"
        )
    )
    print(
        "\n| page | "
        + " | ".join(f"{store}: median ms | p95 ms | processor ms" for store in results)
        + " |"
    )
    print("| --- |" + " --- | --- | --- |" * len(results))
    for path in next(iter(results.values())):
        figures = (f"{value:.0f}" for found in results.values() for value in found[path])
        print(f"| `{path}` | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
