"""What a customer waits who orders a mailbox in the middle of a month-end: from the hook to its
end, beside the same on an idle bridge.

The suspensions come first, from the same source; then one order after the other.
"""

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from bridge.web import create_app
from contrib.bench.drain import Remote, fill, furnish, open_jobs, simulator
from contrib.bench.setting import build, head, hook

COLUMNS = "| | orders | p50 s | p95 s | suspensions done meanwhile |"


def order_domains(sim: Remote, orders: int) -> None:
    for number in range(orders):
        domain = f"order{number}.com"
        sim.control("/domains", {"uid": "reseller", "domain": domain})
        pak = {"domain": domain, "size": 10, "expires": "2030-01-01T00:00:00Z", "kind": "pak"}
        sim.control("/paks", pak)


def run(suspensions: int, domains: int, latency: float, in_flight: int, orders: int) -> list[float]:
    """Seconds of each order."""
    with simulator() as sim, tempfile.TemporaryDirectory() as folder:
        furnish(sim, domains, max(1, suspensions))
        order_domains(sim, orders)
        service = build(Path(folder), sim.endpoint, sim.hosted_email, in_flight)
        fill(service, domains, suspensions)
        sim.control("/settings", {"latency": latency})
        engine, client = service.new_engine(), create_app(service).test_client()
        engine.start()
        time.sleep(2 * latency)
        times = []
        for number in range(orders):
            begun = time.monotonic()
            address = f"new@order{number}.com"
            body, headers = hook(
                "mailbox.create", service_id=f"o{number}", address=address, password="Made-Up.12345"
            )
            receipt = client.post("/hooks/shop", data=body, headers=headers).json
            assert receipt is not None
            while (ended := service.lookup.receipt("shop", receipt["hook"])).finished_at is None:
                time.sleep(0.005)
            assert ended.status == "succeeded", ended
            times.append(time.monotonic() - begun)
        left = open_jobs(service)
        engine.stop()
        service.close()
    assert left or not suspensions, "the month-end was over before the orders: take more"
    return [*times, float(suspensions - left)]


def row(name: str, result: list[float]) -> str:
    *times, done = result
    return f"| {name} | {len(times)} | {median(times):.2f} | {p95(times):.2f} | {done:.0f} |"


def p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--suspensions", type=int, default=3000)
    options.add_argument("--domains", type=int, default=600)
    options.add_argument(
        "--latency", type=float, default=0.2, help="seconds that each answer takes"
    )
    options.add_argument("--in-flight", type=int, default=16)
    options.add_argument("--orders", type=int, default=40)
    chosen = options.parse_args()
    what = f"{chosen.suspensions} suspensions over {chosen.domains} domains"
    print(head(f"{what}, latency {chosen.latency} s, max_in_flight {chosen.in_flight}"))
    print(f"\n{COLUMNS}\n|{' --- |' * 5}")
    shared = chosen.domains, chosen.latency, chosen.in_flight, chosen.orders
    idle = run(0, *shared)
    print(row("idle", idle), flush=True)
    busy = run(chosen.suspensions, *shared)
    print(row("month-end", busy), flush=True)
    print(f"\np95 of the month-end ÷ idle: {p95(busy[:-1]) / p95(idle[:-1]):.2f}")


if __name__ == "__main__":
    main()
