"""Seconds to compare and to take over mailboxes that were there before, beside the limit of latency
and `max_in_flight`.

The limit is calls x latency ÷ (in-flight - 1): what a bridge would need that costs nothing itself,
one call left to others.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from bridge.reconcile.service_list import Claim
from contrib.bench.drain import furnish, simulator
from contrib.bench.setting import build, head


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mailboxes", type=int, default=4000)
    options.add_argument("--domains", type=int, default=800)
    options.add_argument(
        "--latency", type=float, default=0.2, help="seconds that each answer takes"
    )
    options.add_argument("--in-flight", type=int, default=4)
    chosen = options.parse_args()
    claims = [
        Claim(str(number), f"user{number}@example{number % chosen.domains}.com")
        for number in range(chosen.mailboxes)
    ]
    with simulator() as sim, tempfile.TemporaryDirectory() as folder:
        furnish(sim, chosen.domains, chosen.mailboxes)
        service = build(Path(folder), sim.endpoint, sim.hosted_email, chosen.in_flight)
        sim.control("/settings", {"latency": chosen.latency})
        sim.control("/history", method="DELETE")
        begun = time.monotonic()
        findings = service.takeover.compare("shop", claims)
        compared = time.monotonic() - begun
        calls = len(sim.control("/history")["history"])
        begun = time.monotonic()
        left = service.takeover.take_over("shop", findings)
        taken = time.monotonic() - begun
        again = (
            Counter(str(finding.group) for finding in service.takeover.compare("shop", claims))
            if not chosen.latency
            else None
        )
        service.close()
    groups = Counter(str(finding.group) for finding in findings)
    assert groups == {"take_over": chosen.mailboxes} and not left, f"{groups}, {len(left)} left out"
    assert again is None or again == {"ours": chosen.mailboxes}, again
    limit = calls * chosen.latency / max(1, chosen.in_flight - 1)
    print(
        head(
            f"{chosen.mailboxes} mailboxes over {chosen.domains} domains, latency "
            f"{chosen.latency} s"
        )
    )
    print(
        "\n| max_in_flight | calls | compared in s | limit in s | taken over in s |\n| --- | "
        "--- | --- | --- | --- |"
    )
    print(f"| {chosen.in_flight} | {calls} | {compared:.1f} | {limit:.1f} | {taken:.1f} |")


if __name__ == "__main__":
    main()
