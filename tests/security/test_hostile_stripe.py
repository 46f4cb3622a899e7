"""Hostile deliveries to a source of Stripe, and hostile requests to the page of its links.

With --long a million of the first.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.base.tables import jobs, subscriptions
from bridge.web import password_page
from hooks.stripe import EVENTS, STATUSES
from tests.security.hostile import PLANTED, Hostile, Request
from tests.security.stand import KEY, NOW, Stand, call, stand
from tests.support.stripe_account import KEY as API_KEY
from tests.support.stripe_account import SECRET
from tests.support.webhooks import stripe

WRONG: tuple[Any, ...] = (
    None,
    "",
    0,
    -1,
    2**70,
    1.5,
    True,
    [],
    {},
    [PLANTED],
    PLANTED,
    "\u202e",
    "x" * 400,
)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Stand]:
    config = {
        "source__platform": "stripe",
        "source__secrets": [SECRET],
        "source__callback": "https://billing.example.com/callback",
        "safety__terminate_grace_days": 14,
        "api__key": API_KEY,
        "map__plan": "metadata.plan",
    }
    with stand(tmp_path, **config) as made:
        yield made


def event(chance: Random) -> dict[str, Any]:
    number = chance.randrange(30)
    mailbox = chance.choice([f"john{number}@example.com"] * 6 + ["john@", "", PLANTED])
    found: dict[str, Any] = {
        "id": f"sub_{number}",
        "object": "subscription",
        "customer": f"cus_{number % 7}",
        "status": chance.choice([*STATUSES, "dormant"]),
        "metadata": {"mailbox": mailbox, "plan": chance.choice(["basic", "large", "nothing"])},
    }
    if chance.random() < 0.2:
        name, value = chance.choice([*found]), chance.choice(WRONG)
        # An id of 64 characters or fewer is one, and stands in receipts and in the log.
        found[name] = "" if (name, value) == ("id", PLANTED) else value
    made: dict[str, Any] = {
        "id": f"evt_{chance.randrange(5000)}",
        "type": chance.choice([*EVENTS, "invoice.paid"]),
        "created": int(NOW) - chance.randrange(-400, 86400),
        "data": {"object": found},
    }
    if chance.random() < 0.1:
        # Not its type, which stands in the log.
        made[chance.choice(["id", "created", "data"])] = chance.choice(WRONG)
    return made


def posted(bridge: Stand, body: bytes, signed: dict[str, str]) -> int:
    headers = [("content-type", "application/json; charset=utf-8"), *signed.items()]
    answer = call(bridge.app, Request("POST", "/hooks/shop", headers, body))
    assert not bridge.faults.seen, bridge.faults.seen
    assert answer.status < 500 and PLANTED.encode() not in answer.body
    return answer.status


def newest(bridge: Stand) -> dict[str, float]:
    with bridge.service.database.read() as tx:
        query = sa.select(subscriptions.c.service_id, subscriptions.c.said_at)
        return {row[0]: row[1] for row in tx.execute(query)}


def test_whatever_is_signed_has_a_documented_answer_and_time_never_goes_back(
    bridge: Stand, request: pytest.FixtureRequest
) -> None:
    count = 1_000_000 if request.config.getoption("--long") else 1_500
    chance, made, statuses = Random(8), Hostile(8, KEY, NOW), Counter[int]()
    known: dict[str, float] = {}
    for number in range(count):
        body = json.dumps(event(chance)).encode()
        if chance.random() < 0.2:
            body = made.bent(body)
        signed = stripe(body, int(NOW) + chance.choice([0, 0, 0, 299, -299]), SECRET)
        if chance.random() < 0.2:
            signed = stripe(body, int(NOW), "whsec_of somebody else")
        statuses[posted(bridge, body, signed)] += 1
        if number % 500 == 0:
            now = newest(bridge)
            assert all(now[service] >= at for service, at in known.items())
            known = now
    assert {200, 202, 401, 422} <= {*statuses} <= {200, 202, 400, 401, 403, 409, 413, 422}, statuses
    with bridge.service.database.read() as tx:
        made_of = [row[0] for row in tx.execute(sa.select(jobs.c.hook_id))]
    assert len({*made_of}) == len(made_of) <= statuses[202] + statuses[200]


def test_hostile_requests_to_the_page_of_the_links_change_nothing(
    bridge: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_page, "wrong_links", password_page.WrongLinks())
    monkeypatch.setattr(password_page, "MOST_WRONG", 10**9)
    chance, before, statuses = Random(9), bridge.rows(), Counter[int]()
    pieces = [
        "A" * 43,
        "..",
        "/",
        "%2f",
        "\x00",
        "é",
        "?",
        "#",
        ";",
        "' OR 1=1",
        PLANTED,
        " ",
        "-",
        "_",
    ]
    for _ in range(1_500):
        path = "/password/" + "".join(chance.choices(pieces, k=chance.randrange(0, 4)))
        method = chance.choice(["GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE", "X"])
        body = chance.choice(
            [b"", b"password=a", b"\xff" * 300, b"password=" + b"A" * 70_000, b"{}"]
        )
        kind = chance.choice(
            ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
        )
        answer = call(bridge.app, Request(method, path, [("content-type", kind)], body))
        assert not bridge.faults.seen, bridge.faults.seen
        assert PLANTED.encode() not in answer.body
        statuses[answer.status] += 1
    assert {*statuses} <= {200, 308, 400, 404, 405, 413}, statuses
    assert bridge.rows() == before
