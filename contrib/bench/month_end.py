"""A month-end of suspensions through the serial cron of a stand-in for WHMCS, with the real module,
bridge and simulator.

Both answers that the module may give while Enom is at it: wait for the result, or success at once,
corrected later.
"""

import argparse
import tempfile
import time
from pathlib import Path

from bridge.store import Database, upgrade
from contrib.bench.setting import head
from tests.support.house import House

COLUMNS = (
    "| told | latency | cron min | mails to staff | Module Queue rows | all suspended after min | "
    "calls to Enom | differences |"
)
IN_FLIGHT = 16


def run(how: str, count: int, domains: int, latency: float) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bridge.sqlite3"
        database = Database(url)
        upgrade(database)
        database.close()
        house = House(
            Path(folder),
            url,
            bridge__wait_limit=20,
            account__max_in_flight=IN_FLIGHT,
            worker__concurrency=IN_FLIGHT,
        )
        try:
            house.existing(how, count, domains)
            house.sim.control("/settings", {"latency": latency})
            house.sim.control("/history", method="DELETE")
            begun = time.monotonic()
            report = house.whmcs.cron(daily=True, limit=6 * 3600)
            cron = time.monotonic() - begun
            house.quiet(seconds=6 * 3600)
            ended = time.monotonic() - begun
            house.sim.control("/settings", {"latency": 0})
            state = house.whmcs.state()
            staff = sum(mail["kind"] == "admin" for mail in state["emails"])
            suspended = sum(service["status"] == "Suspended" for service in state["services"])
            calls = len(house.sim.control("/history")["history"])
            assert suspended == count, f"{suspended} of {count}: {report}"
            wrong = len(house.differences())
        finally:
            house.close()
    queue = len(state["queue"])
    return (
        f"| {how} | {latency} s | {cron / 60:.1f} | {staff} | "
        f"{queue} | {ended / 60:.1f} | {calls} | {wrong} |"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=3000)
    options.add_argument("--domains", type=int, default=600)
    options.add_argument(
        "--latency", type=float, default=0.05, help="seconds that each answer of Enom takes"
    )
    options.add_argument("--told", choices=("wait", "success", "both"), default="both")
    chosen = options.parse_args()
    print(
        head(
            f"{chosen.services} suspensions over {chosen.domains} "
            f"domains, max_in_flight {IN_FLIGHT}"
        )
    )
    print(f"\n{COLUMNS}\n|{' --- |' * 8}")
    for how in ("wait", "success") if chosen.result == "both" else (chosen.result,):
        print(run(how, chosen.services, chosen.domains, chosen.latency), flush=True)


if __name__ == "__main__":
    main()
