"""Does the time of an answer tell what it does not say? Two requests that are answered alike, by
turns, in one process.

Time of the processor, without a network and without what else the machine does: far more than a
sender could see. For each pair: tenths and medians, how often the first took longer (0.5: nothing
can be told), and z of the rank sum (Mann and Whitney): beyond 3 it is no chance.
"""

import argparse
import dataclasses
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from bridge import wiring
from bridge.store.base import tables
from bridge.web import create_app
from contrib.bench.setting import build, head, hook

MAILBOXES = 2000
Delivery = tuple[str, bytes, Mapping[str, str]]  # path, body, headers
DOMAIN = "example.com"


def furnish(service: wiring.Service) -> None:
    """Two sources on one account and one domain; every mailbox and hook is the first one's."""
    sources = dict(service.intake.sources)
    service.intake.sources = sources | {"other": dataclasses.replace(sources["shop"], name="other")}
    service.account_state.know(["main"], ["shop", "other"])
    client = create_app(service).test_client()
    for number in range(MAILBOXES):
        body, headers = hook("mailbox.suspend", service_id=str(number), address=address(number))
        client.post("/hooks/shop", data=body, headers=headers)
    with service.database.write() as tx:
        tx.execute(
            sa.update(tables.mailboxes).values(source="shop", service_id="1", state="active")
        )


def address(number: int) -> str:
    return f"user{number}@{DOMAIN}"


def query(type: str, **data: str) -> Delivery:
    body, headers = hook(type, **data)
    return "/query/other", body, headers


def unsigned(path: str, size: int) -> Delivery:
    body, headers = hook("mailbox.suspend", reason="x" * size)
    return path, body, {**headers, "webhook-signature": "v1," + "A" * 43 + "="}


def pairs(
    service: wiring.Service, dice: random.Random
) -> Mapping[str, tuple[Callable[[], Delivery], Callable[[], Delivery]]]:
    with service.database.read() as tx:
        hooks = tx.scalars(sa.select(tables.hooks.c.hook_id)).all()

    def numbered(beyond: int) -> str:
        return address(dice.randrange(MAILBOXES) + beyond)

    def nobodys_hook() -> str:
        return f"msg_{dice.getrandbits(128):032x}"

    return {
        "mailbox.usage: another's mailbox, nobody's": (
            lambda: query("mailbox.usage", service_id="1", address=numbered(0)),
            lambda: query("mailbox.usage", service_id="1", address=numbered(MAILBOXES)),
        ),
        "job: another's hook, nobody's": (
            lambda: query("job", hook=dice.choice(hooks)),
            lambda: query("job", hook=nobodys_hook()),
        ),
        "unsigned, small: wrong signature, unknown source": (
            lambda: unsigned("/hooks/shop", 10),
            lambda: unsigned(f"/hooks/{dice.choice(['shoq', 'sho2', 'show'])}", 10),
        ),
        "unsigned, 60 KiB: wrong signature, unknown source": (
            lambda: unsigned("/hooks/shop", 60_000),
            lambda: unsigned(f"/hooks/{dice.choice(['shoq', 'sho2', 'show'])}", 60_000),
        ),
    }


def measure(
    client: FlaskClient, makers: Sequence[Callable[[], Delivery]], count: int, dice: random.Random
) -> list[list[float]]:
    """Microseconds, of each; which comes first is drawn for each pair."""
    times: list[list[float]] = [[], []]
    answers: set[tuple[int, bytes]] = set()
    for _ in range(count):
        for which in dice.sample([0, 1], 2):
            path, body, headers = makers[which]()
            begun = time.thread_time_ns()
            answer = client.post(path, data=body, headers=headers)
            times[which].append((time.thread_time_ns() - begun) / 1000)
            answers.add((answer.status_code, answer.data))
    if len(answers) != 1:
        raise SystemExit(
            f"These are not answered alike: {json.dumps([str(answer) for answer in answers])}"
        )
    return times


def rank_sum(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """How often one is greater than the other, and the z of it."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    return u / (n * m), (u - n * m / 2) / (n * m * (n + m + 1) / 12) ** 0.5


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=4000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    dice = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        service = build(Path(folder), "http://127.0.0.1:9/interface.asp", "http://127.0.0.1:9/api")
        furnish(service)
        client = create_app(service).test_client()
        print(
            head(
                f"Times of answers that are alike, {chosen.pairs} pairs each, seed "
                f"{chosen.seed}, {MAILBOXES} mailboxes"
            )
        )
        print(
            "\n| | first: p10, p50, p90 µs | second: p10, p50, p90 µs | first longer | z |\n| "
            "--- | --- | --- | --- | --- |"
        )
        for name, makers in pairs(service, dice).items():
            times = measure(client, makers, chosen.pairs, dice)
            tenths = [statistics.quantiles(each, n=10) for each in times]
            shown = " | ".join(
                f"{tenth[0]:.0f}, {tenth[4]:.0f}, {tenth[8]:.0f}" for tenth in tenths
            )
            more, z = rank_sum(*times)
            print(f"| {name} | {shown} | {more:.3f} | {z:+.1f} |")
        service.close()


if __name__ == "__main__":
    main()
