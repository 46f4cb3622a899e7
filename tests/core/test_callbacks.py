"""One try to tell a source how its job ended: what is sent, and what each answer makes of it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from standardwebhooks import Webhook

from bridge.domain.ports import ClaimedCallback, Receipt
from bridge.infra.http_client import Lost, NotSent, Reply
from bridge.pipeline.callbacks import LONGEST_SILENCE, RETRIES, Callbacks, SenderShares, report
from hooks import signing
from tests.support.bench import START
from tests.support.bench import source as source_of
from tests.support.billing import SECRET

NOW = START.timestamp()
ERROR = {
    "code": "refused",
    "message": "The mail provider refused this request.",
    "detail": "Enom: No.",
    "remote": {"text": "No."},
}


def receipt(**more: Any) -> Receipt:
    given: dict[str, Any] = {
        "job": "job_1",
        "hook": "msg_1",
        "action": "mailbox.suspend",
        "address": "john@example.com",
        "service_id": "7",
        "sequence": 8,
        "status": "succeeded",
        "waiting_for": None,
        "state": "suspended",
        "changed": True,
        "verified": {"suspension": "verified"},
        "message": "Mailbox suspended.",
        "error": None,
        "finished_at": START.timestamp() + 0.7,
    }
    return Receipt(**given | more)


class Box:
    """An outbox and a network of one letter."""

    def __init__(self, answer: Reply | Exception) -> None:
        self.answer = answer
        self.sent: list[tuple[str, bytes, Mapping[str, str]]] = []
        self.done: tuple[str, int | None, str | None, float | None] | None = None
        self.silent_for: float | None = None
        self.given_up: list[tuple[str, float]] = []

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float, limit: int
    ) -> Reply:
        assert timeout == 10.0
        self.sent.append((url, body, headers))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def callback_done(
        self,
        claimed: ClaimedCallback,
        outcome: str,
        status: int | None,
        error: str | None,
        retry_in: float | None,
        silent_for: float | None = None,
    ) -> None:
        self.done = outcome, status, error, retry_in
        self.silent_for = silent_for

    def give_up(self, source: str, after: float) -> int:
        self.given_up.append((source, after))
        return 0


def deliver(
    box: Box,
    tries: int = 1,
    chance: float = 0.5,
    url: str = "https://billing.example.com/cb",
    unanswered: int = 0,
    waited: float = 0.0,
    **more: Any,
) -> Box:
    sources = {"shop": source_of("shop", callback=url, secret=signing.decode_secret(SECRET))}
    callbacks = Callbacks(box, sources, box, lambda: NOW, random=lambda: chance)  # type: ignore[arg-type]  # Box is outbox and way out, as far as they are asked
    source = more.pop("source", "shop")
    callbacks.deliver(
        ClaimedCallback(
            "cb_job_1_1", 1, source, "job_1", tries, receipt(**more), "main", unanswered, waited
        )
    )
    return box


def test_it_is_signed_so_that_any_library_can_verify_it() -> None:
    (url, body, headers) = deliver(Box(Reply(204, {}, b""))).sent[0]
    assert url == "https://billing.example.com/cb"
    assert headers["webhook-id"] == "cb_job_1_1"
    assert headers["webhook-timestamp"] == str(int(NOW))
    assert headers["webhook-signature"] == Webhook(SECRET).sign("cb_job_1_1", START, body.decode())


def test_it_says_what_the_contract_shows() -> None:
    body = json.loads(deliver(Box(Reply(200, {}, b""))).sent[0][1])
    assert body["type"] == "job.succeeded"
    assert body["timestamp"] == "2027-03-01T12:00:00Z"
    names = (
        "job hook action service_id address sequence state "
        "changed verified message error finished_at"
    )
    assert set(body["data"]) == set(names.split())


def test_nothing_that_enom_said_reaches_the_billing_side() -> None:
    data = report(receipt(status="failed", error=ERROR)).data
    assert data["error"] == {
        "code": "refused",
        "message": "The mail provider refused this request.",
    }
    own = {name: value for name, value in ERROR.items() if name != "remote"}
    assert report(receipt(status="failed", error=own)).data["error"]["detail"] == "Enom: No."


@pytest.mark.parametrize("status", ["succeeded", "failed", "held", "cancelled"])
def test_its_type_is_how_the_job_ended(status: str) -> None:
    assert report(receipt(status=status)).type == f"job.{status}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(200, {}, b""), ("delivered", None)),
        (Reply(204, {}, b""), ("delivered", None)),
        (Reply(410, {}, b""), ("stopped", None)),
        (Reply(301, {"location": "https://example.net/"}, b""), ("pending", 5.0)),
        (Reply(400, {}, b""), ("pending", 5.0)),
        (Reply(500, {"retry-after": "900"}, b""), ("pending", 5.0)),
        (Reply(429, {"retry-after": "900"}, b""), ("pending", 900.0)),
        (Reply(503, {"retry-after": "900"}, b""), ("pending", 900.0)),
        (Reply(503, {"retry-after": "1"}, b""), ("pending", 5.0)),
        (Reply(503, {"retry-after": "9999999"}, b""), ("pending", 86400.0)),
        (NotSent("refused"), ("pending", 5.0)),
        (Lost("no complete answer in time"), ("pending", 5.0)),
    ],
)
def test_what_an_answer_makes_of_it(
    answer: Reply | Exception, expected: tuple[str, float | None]
) -> None:
    done = deliver(Box(answer)).done
    assert done is not None
    assert (done[0], done[3]) == expected


@pytest.mark.parametrize("status", [200, 301, 400, 404, 410, 422, 429, 500, 503])
def test_what_was_only_observed_says_so_and_is_not_sent_again_where_nobody_takes_it(
    status: int,
) -> None:
    box = deliver(Box(Reply(status, {}, b"")), extra={"observed_only": True, "plan": []})
    result = json.loads(box.sent[0][1])
    assert (result["type"], result["data"]["observed_only"]) == ("job.observed", True)
    assert box.done is not None
    assert box.done[0] == (
        "delivered" if status == 200 else "stopped" if 400 <= status < 500 else "pending"
    )


def test_the_pauses_are_the_contracts() -> None:
    minutes, hours = 60, 3600
    assert RETRIES == (5, 5 * minutes, 30 * minutes, *(n * hours for n in (2, 5, 10, 14, 20, 24)))
    pauses = [deliver(Box(Reply(500, {}, b"")), tries).done for tries in range(1, len(RETRIES) + 2)]
    assert [done and done[3] for done in pauses] == [*RETRIES, None]
    assert pauses[-1] is not None and pauses[-1][0] == "exhausted"


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 4.0), (1.0, 6.0)])
def test_they_vary_by_a_fifth(chance: float, expected: float) -> None:
    done = deliver(Box(Reply(500, {}, b"")), chance=chance).done
    assert done is not None and done[3] == pytest.approx(expected)


@pytest.mark.parametrize("more", [{"url": ""}, {"source": "gone"}])
def test_a_source_without_a_callback_is_not_told(more: dict[str, Any]) -> None:
    box = deliver(Box(Reply(200, {}, b"")), **more)
    assert box.sent == []
    assert box.done is not None and box.done[0] == "stopped"


NONE = [
    NotSent("refused"),
    Lost("no complete answer in time"),
    Reply(502, {}, b""),
    Reply(504, {}, b""),
]


@pytest.mark.parametrize("answer", NONE)
def test_a_receiver_that_does_not_answer_is_left_alone_for_longer_and_longer(
    answer: Reply | Exception,
) -> None:
    pauses = [deliver(Box(answer), unanswered=nth).silent_for for nth in range(8)]
    assert pauses == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, LONGEST_SILENCE, LONGEST_SILENCE]


@pytest.mark.parametrize("status", [200, 400, 410, 429, 500, 503])
def test_what_speaks_of_this_callback_is_an_answer(status: int) -> None:
    assert deliver(Box(Reply(status, {}, b"")), unanswered=3).silent_for is None


def test_what_nobody_answers_is_given_up_at_the_age_at_which_its_tries_would_be_over() -> None:
    young = deliver(Box(NotSent("refused")), unanswered=4, waited=sum(RETRIES) - 1)
    assert young.done is not None and young.done[0] == "pending"
    old = deliver(Box(NotSent("refused")), unanswered=4, waited=sum(RETRIES) + 1)
    assert old.done is not None and old.done[0] == "exhausted"
    assert young.given_up == old.given_up == [("shop", sum(RETRIES))], (
        "and with it all that is as old"
    )
    answered = deliver(Box(Reply(500, {}, b"")), unanswered=4, waited=sum(RETRIES) + 1)
    assert answered.done is not None and answered.done[0] == "pending" and answered.given_up == []


class TestTurns:
    def test_one_source_holds_at_most_half_while_another_has_something_due(self) -> None:
        turns = SenderShares(4, several=True)
        for _ in range(2):
            turns.begin("shop")
        assert turns.order(["shop", "till"]) == ["till"] and turns.withheld
        turns.end("shop")
        assert turns.order(["shop", "till"]) == ["till", "shop"] and not turns.withheld

    def test_alone_it_leaves_one_sender_to_whoever_comes_next(self) -> None:
        for several, most in ((True, 3), (False, 4)):
            turns = SenderShares(4, several)
            for _ in range(most):
                assert turns.order(["shop"]) == ["shop"]
                turns.begin("shop")
            assert turns.order(["shop"]) == []

    def test_they_take_turns(self) -> None:
        turns, result = SenderShares(4, several=True), []
        for _ in range(6):
            source = turns.order(["a", "b", "c"])[0]
            result.append(source)
            turns.begin(source)
            turns.end(source)
        assert result == ["a", "b", "c"] * 2
