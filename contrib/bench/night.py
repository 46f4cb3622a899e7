"""Seconds to compare whole accounts with Enom, as every night, beside the limit of latency and
`max_in_flight`.

The limit is calls of an account x latency ÷ in-flight, however many accounts there are. A bridge
that costs nothing itself would reach (in-flight - 1) ÷ in-flight of it: one call is left to hooks.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bridge import config, wiring
from bridge.domain.model import State
from bridge.domain.ports import Assignment, Reconciliation
from bridge.store import Owners
from contrib.bench.drain import Remote, simulator
from contrib.bench.setting import TOKEN, WORD, configure, head

ACCOUNT = """
[accounts.{name}]
uid = "{name}"
token = "{token}"
endpoint = "{endpoint}"
max_in_flight = {in_flight}
suspend_with = "hosted-email"
[accounts.{name}.hosted_email]
endpoint = "{hosted}"
user = "admin@{name}.example"
password = "{word}"
"""


class Night(NamedTuple):
    seconds: float
    processor: float
    calls: int
    reports: Sequence[Reconciliation | Exception]


def furnish(sim: Remote, names: Sequence[str], domains: int) -> None:
    """Each account with so many domains of one mailbox."""
    for name in names:
        user = {"hosted_user": f"admin@{name}.example", "hosted_password": WORD}
        account = {"uid": name, "token": TOKEN, "environment": "test", "allow": ["127.0.0.1"]}
        sim.control("/accounts", account | user)
        for number in range(domains):
            domain = f"{name}{number}.example.com"
            sim.control("/domains", {"uid": name, "domain": domain})
            pak = {"domain": domain, "size": 10, "expires": "2035-01-01T00:00:00Z", "kind": "pak"}
            box = {"address": f"user@{domain}", "password": "Made-Up.12345", "settled": True}
            sim.control("/mailboxes", box | {"bundle": sim.control("/paks", pak)["bundle"]})


def bridge(
    folder: Path, sim: Remote, names: Sequence[str], domains: int, in_flight: int
) -> wiring.Service:
    """One that has the mailboxes of all accounts on record."""
    path = configure(folder)
    values = {"endpoint": sim.endpoint, "hosted": sim.hosted_email, "in_flight": in_flight}
    values |= {"token": TOKEN, "word": WORD}
    with path.open("a") as file:
        file.writelines(ACCOUNT.format(name=name, **values) for name in names)
    service = wiring.build(config.load(path, {}))
    wiring.prepare(service)
    for name in names:
        boxes = [f"user@{name}{number}.example.com" for number in range(domains)]
        given = [Assignment(box, box, State.ACTIVE, 0.0) for box in boxes]
        Owners(service.database).take_over(name, "shop", given)
    return service


def night(accounts: int, domains: int, latency: float, in_flight: int) -> Night:
    names = [f"reseller{number}" for number in range(accounts)]
    with simulator() as sim, tempfile.TemporaryDirectory() as folder:
        furnish(sim, names, domains)
        service = bridge(Path(folder), sim, names, domains, in_flight)
        sim.control("/settings", {"latency": latency})
        sim.control("/history", method="DELETE")
        begun, processor = time.monotonic(), time.process_time()
        reports = service.reconcile.side_by_side(names, "bench")
        took, used = time.monotonic() - begun, time.process_time() - processor
        calls = len(sim.control("/history")["history"])
        service.close()
    return Night(took, used, calls, reports)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--accounts", type=int, default=1)
    options.add_argument("--domains", type=int, default=400, help="of each account")
    options.add_argument(
        "--latency", type=float, default=0.1, help="seconds that each answer takes"
    )
    options.add_argument("--in-flight", type=int, default=16)
    chosen = options.parse_args()
    given = chosen.accounts, chosen.domains, chosen.latency, chosen.in_flight
    took, used, calls, reports = night(*given)
    for each in reports:
        assert isinstance(each, Reconciliation), each
        assert (len(each.domains), list(each.differences)) == (chosen.domains, []), each
    limit = calls / chosen.accounts * chosen.latency / chosen.in_flight
    print(head(f"Accounts of {chosen.domains} domains compared, latency {chosen.latency} s"))
    print(
        "\n| accounts | max_in_flight | calls | compared in s | limit in s | limit ÷ s | processor "
        "ms a domain | MiB |\n|" + " --- |" * 8
    )
    each_ms = 1000 * used / (chosen.accounts * chosen.domains)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"| {chosen.accounts} | {chosen.in_flight} | {calls} | {took:.1f} | {limit:.1f} "
        f"| {limit / took:.2f} | {each_ms:.1f} | {memory} |"
    )


if __name__ == "__main__":
    main()
