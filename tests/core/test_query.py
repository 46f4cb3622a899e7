"""Signed reads over the memory backend and a real store: what belongs to another does not exist."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from bridge import __version__
from bridge.domain.errors import AccountFault, NotPossible, UnknownThing
from bridge.domain.model import Address
from bridge.pipeline.queries import QUESTIONS, Queries, plan_of
from bridge.store import Services
from hooks.errors import Invalid
from hooks.standard.schemas import QUESTIONS as TYPES
from hooks.types import Question, Verified
from tests.support.bench import GOOD, SETTLE, Bench

HERE: dict[str, Any] = {"service_id": "7", "address": "john@example.com"}


def ask(
    bench: Bench,
    type: str,
    source: str = "shop",
    id: str = "msg_q",
    most: int = 4,
    **arguments: Any,
) -> dict[str, Any]:
    queries = Queries(
        bench.lookup,
        bench.account_state,
        {"main": bench.account(most)},
        bench.clock,
        Services(bench.database),
    )
    verified = Verified(id, int(bench.clock.now) - 2, b"{}", 0)
    return queries.answer(source, "main", verified, Question(type, arguments))


@pytest.fixture
def mailbox(bench: Bench) -> Bench:
    assert bench.do("create", password=GOOD).status == "succeeded"
    return bench


def test_every_question_of_the_wire_has_an_answer() -> None:
    assert set(QUESTIONS) == set(TYPES)


def test_the_connection_test_tells_version_skew_account_and_plans(bench: Bench) -> None:
    answer = ask(bench, "connection.test")
    assert answer["version"] == __version__
    assert answer["clock_skew"] == 2
    assert answer["account"] == {"reachable": True, "problem": None, "paused": None}
    assert answer["plans"] == {"basic": {"quota_gb": 1}, "large": {"quota_gb": 25}}


def test_who_tests_the_connection_is_noted_with_its_version_and_kept(bench: Bench) -> None:
    ask(bench, "connection.test", sender="whmcs 0.2.0")
    ask(bench, "connection.test")
    ask(bench, "mailbox.list")
    assert {row["name"]: row["sender"] for row in bench.account_state.source_states()} == {
        "shop": "whmcs 0.2.0",
        "other": None,
    }


def test_an_account_that_cannot_work_is_an_answer_and_not_an_error(bench: Bench) -> None:
    bench.account_state.pause_account("main", "credentials", "Bad User name or Password")
    bench.backend.fail_next(None, AccountFault("Bad User name or Password"))
    assert ask(bench, "connection.test")["account"] == {
        "reachable": False,
        "problem": "credentials",
        "paused": "credentials",
    }


def test_the_status_is_read_now(mailbox: Bench) -> None:
    mailbox.backend.mailboxes[next(iter(mailbox.backend.mailboxes))].services["imap"] = "disabled"
    answer = ask(mailbox, "mailbox.status", **HERE)
    assert (answer["state"], answer["recorded_state"], answer["suspended_with"]) == (
        "active",
        "active",
        None,
    )
    assert answer["services"]["imap"] == "disabled"
    assert answer["quota_bytes"] == 1 << 30


def test_usage_and_sign_in_are_for_the_owner(mailbox: Bench) -> None:
    assert ask(mailbox, "mailbox.usage", **HERE) == {"used_bytes": 0, "quota_bytes": 1 << 30}
    assert ask(mailbox, "mailbox.sign_in", **HERE)["url"].startswith("https://")


@pytest.mark.parametrize("type", ["mailbox.status", "mailbox.usage", "mailbox.sign_in"])
@pytest.mark.parametrize(
    ("source", "arguments"),
    [
        ("other", HERE),
        ("shop", HERE | {"service_id": "8"}),
        ("shop", HERE | {"address": "amy@example.com"}),
    ],
)
def test_what_is_anothers_does_not_exist(
    mailbox: Bench, type: str, source: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(UnknownThing) as caught:
        ask(mailbox, type, source, **arguments)
    assert str(caught.value) == "This service has no mailbox with this address."


def test_a_sign_in_opens_once_for_each_id_and_source(mailbox: Bench) -> None:
    ask(mailbox, "mailbox.sign_in", id="msg_1", **HERE)
    with pytest.raises(NotPossible):
        ask(mailbox, "mailbox.sign_in", id="msg_1", **HERE)
    ask(mailbox, "mailbox.sign_in", id="msg_2", **HERE)
    mailbox.clock.now += 599
    with pytest.raises(NotPossible):
        ask(mailbox, "mailbox.sign_in", id="msg_1", **HERE)
    mailbox.clock.now += 2
    ask(mailbox, "mailbox.sign_in", id="msg_1", **HERE)


def test_queries_count_among_the_accounts_calls(mailbox: Bench) -> None:
    with mailbox.account_state.call_slot("main", 1, 10.0), pytest.raises(NotPossible):
        ask(mailbox, "mailbox.usage", most=1, **HERE)
    ask(mailbox, "mailbox.usage", most=1, **HERE)
    with mailbox.account_state.call_slot("main", 1, 10.0):
        mailbox.clock.now += 11  # whoever held it is gone
        ask(mailbox, "mailbox.usage", most=1, **HERE)


def test_a_job_is_found_by_its_id_and_by_its_hook(mailbox: Bench) -> None:
    found = ask(mailbox, "job", hook="msg_1")
    assert ask(mailbox, "job", job=found["job"]) == found
    assert (found["status"], found["hook"]) == ("succeeded", "msg_1")
    for arguments in ({"job": found["job"]}, {"hook": "msg_1"}):
        with pytest.raises(UnknownThing):
            ask(mailbox, "job", "other", **arguments)


def test_a_hook_that_was_tried_again_is_told_by_its_newest_job(mailbox: Bench) -> None:
    failed = mailbox.do("change_plan", plan="gold", id="msg_again")
    assert failed.status == "failed"
    again = mailbox.operator.retry(failed.job)
    assert ask(mailbox, "job", hook="msg_again")["job"] == again.job
    assert ask(mailbox, "job", job=failed.job)["status"] == "failed"
    assert mailbox.hook("change_plan", plan="gold", id="msg_again").job == again.job


def test_results_are_told_once_each_in_the_order_of_their_ends(
    mailbox: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.pipeline.queries.PAGE", 2)
    for _ in range(4):
        mailbox.clock.now += SETTLE
        mailbox.do("suspend")
    result, after = [], ""
    while (page := ask(mailbox, "results", **({"after": after} if after else {})))["items"]:
        result += [item["sequence"] for item in page["items"]]
        after = page["next"]
    assert result == [1, 2, 3, 4, 5]
    assert page == {"items": [], "next": None}
    assert ask(mailbox, "results", "other")["items"] == []


def test_results_can_begin_at_a_time(mailbox: Bench) -> None:
    first = ask(mailbox, "results")["items"][0]
    mailbox.clock.now += 3600
    since = mailbox.clock.moment
    mailbox.do("suspend")
    for time in (
        since.isoformat(),
        since.isoformat().replace("+00:00", "Z"),
        since.astimezone(timezone(timedelta(hours=2))).isoformat(),
    ):
        assert [item["action"] for item in ask(mailbox, "results", after=time)["items"]] == [
            "mailbox.suspend"
        ]
    assert len(ask(mailbox, "results", after="1969-12-31T23:59:59Z")["items"]) == 2
    page = ask(mailbox, "results", after=since.isoformat())
    assert ask(mailbox, "results", after=page["next"]) == {"items": [], "next": None}
    # One that ended at that very moment is told.
    ended = datetime.fromisoformat(first["finished_at"])
    assert ask(mailbox, "results", after=ended.isoformat())["items"][0] == first


@pytest.mark.parametrize(
    "after",
    [
        "2026",
        "2026-11-22",
        "2026-11-22T17:27:00",
        "2026-13-22T17:27:00Z",
        "inf/job_1",
        "nan/job_1",
        "soon",
    ],
)
def test_what_is_no_place_in_the_results_names_both_forms(mailbox: Bench, after: str) -> None:
    with pytest.raises(Invalid) as caught:
        ask(mailbox, "results", after=after)
    (sentence,) = caught.value.errors["data.after"]
    assert "`next` of the answer before" in sentence and "2026-11-22T17:27:00Z" in sentence


@pytest.mark.parametrize("after", ["soon", "soon/job_1", "/", "1/2/3", "nan/x"])
def test_a_made_up_place_in_the_results_is_an_invalid_question(mailbox: Bench, after: str) -> None:
    try:
        assert isinstance(ask(mailbox, "results", after=after)["items"], list)
    except Invalid as error:
        assert "data.after" in error.errors


def test_the_list_pages_through_ones_own(mailbox: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.pipeline.queries.PAGE", 2)
    for name in ("amy", "bob"):
        mailbox.do("create", address=f"{name}@example.com", password=GOOD)
    first = ask(mailbox, "mailbox.list")
    assert [item["address"] for item in first["items"]] == ["amy@example.com", "bob@example.com"]
    second = ask(mailbox, "mailbox.list", after=first["next"])
    assert [item["address"] for item in second["items"]] == ["john@example.com"]
    assert second["next"] is None
    assert ask(mailbox, "mailbox.list", "other")["items"] == []


def test_the_list_tells_size_plan_and_when_it_was_created(mailbox: Bench) -> None:
    mailbox.do("create", address="amy@example.com", service_id="8", plan="large", password=GOOD)
    mailbox.do("create", address="bob@example.com", service_id="9", plan="basic", password=GOOD)
    mailbox.operator.adopt("main", Address.parse("bob@example.com"), "shop", "10")
    items = {item["address"]: item for item in ask(mailbox, "mailbox.list")["items"]}
    assert {name: (item["plan"], item["quota_bytes"]) for name, item in items.items()} == {
        "amy@example.com": ("large", 25 << 30),
        "bob@example.com": (
            "basic",
            1 << 30,
        ),  # it had that size from the beginning, so no command set it
        "john@example.com": (None, None),
    }
    created = ask(mailbox, "job", hook="msg_2")["finished_at"]
    assert (items["amy@example.com"]["created_at"], items["bob@example.com"]["created_at"]) == (
        created,
        None,
    )


def test_the_list_tells_the_customer_to_its_own_source(mailbox: Bench) -> None:
    mailbox.do("create", address="amy@example.com", service_id="8", customer_id="15", password=GOOD)
    result = {
        item["address"]: item["customer_id"] for item in ask(mailbox, "mailbox.list")["items"]
    }
    assert result == {"amy@example.com": "15", "john@example.com": None}
    mailbox.operator.adopt("main", Address.parse("amy@example.com"), "other", "8")
    assert [item["customer_id"] for item in ask(mailbox, "mailbox.list", "other")["items"]] == [
        None
    ]


def test_a_size_that_several_plans_have_is_no_plan() -> None:
    plans = {"basic": 1, "large": 25, "trial": 1}
    assert [plan_of(size, plans) for size in (1, 25, 7, None)] == [None, "large", None, None]
