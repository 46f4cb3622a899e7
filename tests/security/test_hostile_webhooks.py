"""Hostile deliveries to a source whose platform sends webhooks of its own, signing as Stripe does."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import hooks
from bridge import wiring
from tests.security.hostile import PLANTED, Hostile, Request
from tests.security.stand import KEY, NOW, Stand, call, stand
from tests.support.webhooks import shop_signing_as, stripe

BRIEF = 1_500
SECRET = "whsec_of a shop that is made up"
PIECES = ("t=", "v1=", "v0=", ",", ",", ";", "=", " ", str(int(NOW)), "0" * 64, "1", "\u0663", "-")


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    platforms = {**hooks.PLATFORMS, "shop": shop_signing_as("stripe")}
    for module in (hooks, wiring.accounts):
        monkeypatch.setattr(module, "PLATFORMS", platforms)
    with stand(tmp_path, source__platform="shop", source__secrets=[SECRET]) as made:
        yield made


def event(chance: Random) -> dict[str, object]:
    kind = chance.choice(["subscription.paused", "subscription.resumed", "subscription.ended", "x"])
    number = chance.randrange(20)
    mailbox = chance.choice([f"john{number}@example.com", "john@example.net", PLANTED])
    subscription = {"id": f"sub_{number}", "mailbox": mailbox}
    created = int(NOW) - chance.randrange(600)
    id = f"evt_{chance.randrange(500)}"
    return {"id": id, "type": kind, "created": created, "subscription": subscription}


def posted(bridge: Stand, body: bytes, signed: dict[str, str]) -> tuple[int, bytes]:
    headers = [("content-type", "application/json"), *signed.items()]
    answer = call(bridge.app, Request("POST", "/hooks/shop", headers, body))
    assert not bridge.faults.seen, bridge.faults.seen
    assert answer.status < 500 and PLANTED.encode() not in answer.body
    return answer.status, answer.body


def test_nothing_of_a_stranger_is_stored_and_all_get_one_answer(bridge: Stand) -> None:
    chance, before, answers = Random(4), bridge.rows(), set()
    for _ in range(BRIEF):
        body = json.dumps(event(chance)).encode()
        right = stripe(body, int(NOW), SECRET)["stripe-signature"]
        place = chance.randrange(len(body))
        altered = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        made_up = "".join(chance.choices(PIECES, k=chance.randrange(1, 12)))
        sent, value = chance.choice(
            [
                (altered, right),
                (body, made_up),
                (body, right.replace("v1=", "v2=")),
                (body, right.replace("t=", "t=1")),
                (body, f"{right},t={int(NOW)}"),
                (body, stripe(body, int(NOW) - 301, SECRET)["stripe-signature"]),
                (body, stripe(body, int(NOW), "another secret")["stripe-signature"]),
            ]
        )
        answers.add(posted(bridge, sent, {"stripe-signature": value}))
    assert [status for status, _ in answers] == [401]
    assert bridge.rows() == before


def test_whatever_is_signed_is_taken_ignored_or_refused_as_documented(bridge: Stand) -> None:
    chance, made, statuses = Random(5), Hostile(5, KEY, NOW), Counter[int]()
    for _ in range(BRIEF):
        body = json.dumps(event(chance)).encode()
        if chance.random() < 0.4:
            body = made.bent(body)
        elif chance.random() < 0.3:
            body = made.body()
        status, _ = posted(bridge, body, stripe(body, int(NOW), SECRET))
        statuses[status] += 1
    assert {*statuses} == {200, 202, 400, 403, 409, 413, 422}, statuses
