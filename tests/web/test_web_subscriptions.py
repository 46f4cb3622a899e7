"""The daily comparison of subscriptions with what the bridge has, and the command that shows it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge import wiring
from bridge.cli import main
from bridge.diagnostics import platform_api
from bridge.domain.ports import NothingNew
from bridge.pipeline import subscription_list
from bridge.pipeline.subscription_list import Comparison, Kind
from tests.support.subs import JOHN, OpenSubs, Subs

DAY = 86400.0
JANE = "jane.doe@example.com"


def compare(subs: Subs) -> Comparison:
    service = subs.scene.service
    service.subscription_list.outgoing = subs.stripe  # type: ignore[assignment]
    return service.subscription_list.compare(service.sources["shop"])


def kinds(subs: Subs) -> list[tuple[str, str]]:
    return [(str(each.kind), each.address) for each in compare(subs).findings]


def daily(subs: Subs) -> None:
    subs.scene.service.subscription_list.outgoing = subs.stripe  # type: ignore[assignment]
    subs.scene.engine.background.daily_list.run()


def lose(subs: Subs) -> None:
    """What Stripe has sent since then never arrives."""
    subs._given = len(subs.stripe.sent)


def test_what_agrees_is_no_difference(subs: Subs) -> None:
    subs.active()
    other = subs.active(JANE)
    subs.stripe.change(other, status="unpaid")
    ended = subs.active("ann@example.com")
    subs.stripe.cancel(ended)
    subs.settle()
    subs.stripe.subscribe(None)
    found = compare(subs)
    assert (found.listed, found.named, found.findings) == (4, 3, [])


def test_of_what_was_lost_only_what_gives_is_made_up_for_by_itself(subs: Subs) -> None:
    first, second, third = subs.active(), subs.active(JANE), subs.active("ann@example.com")
    subs.scene.clock.now += 60
    subs.stripe.change(first, status="unpaid")
    subs.stripe.cancel(second)
    subs.stripe.change(third, metadata={"mailbox": "new@example.com"})
    subs.stripe.subscribe("late@example.com")
    lose(subs)
    subs.scene.clock.now += 60
    assert kinds(subs) == [
        ("not_told", JANE),
        ("not_told", JOHN),
        ("not_told", "late@example.com"),
        ("not_told", "new@example.com"),
        ("without_subscription", "ann@example.com"),
    ]
    before = {row["id"] for row in subs.jobs()}
    daily(subs)
    subs.settle()
    assert sorted(row["address"] for row in subs.jobs() if row["id"] not in before) == [
        "late@example.com",
        "new@example.com",
    ]
    assert subs.state("late@example.com") == subs.state("new@example.com") == "active"
    assert subs.state() == subs.state(JANE) == "active"
    (note,) = subs.rows("notes")
    assert "enom-bridge subscriptions --source shop" in note["text"]


def test_it_happens_once_a_day_and_again_soon_if_it_could_not(subs: Subs) -> None:
    subs.stripe.down = 500
    daily(subs)
    daily(subs)
    assert len(subs.stripe.calls) == 1
    subs.scene.clock.now += 3601
    subs.stripe.down = None
    daily(subs)
    assert len(subs.stripe.calls) == 2
    subs.scene.clock.now += DAY - 60
    daily(subs)
    assert len(subs.stripe.calls) == 2
    subs.scene.clock.now += 120
    daily(subs)
    assert len(subs.stripe.calls) == 3


@pytest.mark.parametrize(
    "changes",
    [{"worker__reconcile_at": ""}, {"account__mode": "observe"}],
    ids=["never", "observe"],
)
def test_it_may_never_happen_by_itself(open_subs: OpenSubs, changes: dict[str, Any]) -> None:
    subs = open_subs(**changes)
    daily(subs)
    assert subs.stripe.calls == []


def test_every_page_is_read(subs: Subs) -> None:
    subs.stripe.page = 3
    for number in range(8):
        subs.stripe.subscribe(f"box{number}@example.com", "incomplete")
    assert compare(subs).listed == 8 and len(subs.stripe.calls) == 3


def test_what_a_job_is_at_is_no_difference(subs: Subs) -> None:
    subs.stripe.subscribe()
    subs.deliver_new()
    assert compare(subs).findings == []


def test_what_failed_is_told_and_not_tried_again_each_day(subs: Subs) -> None:
    subs.stripe.subscribe("john@unknown.example")
    subs.settle()
    assert kinds(subs) == [("not_done", "john@unknown.example")]
    daily(subs)
    assert len(subs.jobs()) == 1


def test_what_was_only_observed_is_done_once_the_account_acts(open_subs: OpenSubs) -> None:
    watching = open_subs(account__mode="observe")
    watching.stripe.subscribe()
    watching.settle()
    acting = open_subs()
    acting.stripe = watching.stripe
    (finding,) = compare(acting).findings
    assert finding.kind is Kind.NOT_DONE and "only observed" in finding.detail
    daily(acting)
    acting.scene.work(60)
    assert acting.state() == "active" and compare(acting).findings == []


def test_what_cannot_be_read_is_told(open_subs: OpenSubs) -> None:
    subs = open_subs(map__plan="metadata.plan", source__domains=["example.com"])
    subs.stripe.subscribe()
    subs.stripe.subscribe("john@example.net", metadata={"plan": "basic"})
    found = compare(subs).findings
    assert [each.kind for each in found] == [Kind.UNREADABLE] * 2
    assert "data.plan" in found[1].detail + found[0].detail


def test_a_newer_event_wins_over_what_was_listed(subs: Subs) -> None:
    id = subs.active()
    subs.scene.clock.now += 60
    subs.stripe.change(id, status="unpaid")
    lose(subs)
    subs.scene.clock.now += 60
    (finding,) = compare(subs).findings
    subs.scene.clock.now += 60
    subs.stripe.change(id, status="trialing")
    subs.settle()
    service = subs.scene.service
    with pytest.raises(NothingNew):
        service.subscription_list.carry_out(service.sources["shop"], finding)
    assert subs.state() == "active"


# The command


@pytest.fixture
def command(subs: Subs, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs it with this test's Stripe and clock."""

    def call(_: object, source: Any, asked: Any) -> Any:
        url = f"{source.api.endpoint}{asked.path}"
        return subs.stripe.get(url, timeout=1, headers=asked.headers)

    monkeypatch.setattr(subscription_list, "call", call)
    tuning, build = subs.scene.tuning(), wiring.build
    monkeypatch.setattr(wiring, "build", lambda settings: build(settings, tuning))

    def run(*arguments: str) -> Result:
        given = ["--config", str(subs.scene.path), "subscriptions", *arguments]
        return CliRunner().invoke(main, given)

    return run


def test_the_command_shows_and_with_apply_makes_the_jobs(subs: Subs, command: Any) -> None:
    first, second = subs.active(), subs.active(JANE)
    subs.scene.clock.now += 60
    subs.stripe.change(first, status="unpaid")
    subs.stripe.cancel(second)
    lose(subs)
    subs.scene.clock.now += 60
    shown = command("--source", "shop")
    assert shown.exit_code == 0, shown.output
    assert "2 of 2 subscriptions name a mailbox." in shown.stdout
    assert f"{first} is unpaid, {JOHN}" in shown.stdout and "--apply" in shown.stdout
    assert len(subs.jobs()) == 2
    done = command("--source", "shop", "--apply", "--json")
    assert done.exit_code == 0 and len(json.loads(done.stdout)["done"]) == 2
    subs.settle()
    assert subs.state() == subs.state(JANE) == "suspended"
    assert "They agree" in command("--source", "shop").stdout


def test_before_an_end_the_subscription_is_asked_for_anew(
    subs: Subs, command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = subs.active()
    subs.scene.clock.now += 60
    subs.stripe.cancel(id)
    lose(subs)
    subs.scene.clock.now += 60
    listed = subs.stripe._listed

    def then_it_is_active(query: Any) -> Any:
        found = listed(query)
        subs.stripe.subscriptions[id]["status"] = "active"
        return found

    monkeypatch.setattr(subs.stripe, "_listed", then_it_is_active)
    assert command("--source", "shop", "--apply").exit_code == 0
    assert len(subs.jobs()) == 1 and subs.state() == "active"


def test_a_platform_that_does_not_answer_is_an_error_with_a_sentence(
    subs: Subs, command: Any
) -> None:
    subs.stripe.down = 401
    answer = command("--source", "shop")
    assert answer.exit_code == 1 and "HTTP 401" in answer.stderr


@pytest.mark.parametrize("name", ["nobody", "shop2"])
def test_a_source_that_is_none_is_named(command: Any, name: str) -> None:
    assert command("--source", name).exit_code != 0


# What doctor says of the key and the map


def verdicts(subs: Subs, live: bool = False) -> list[tuple[str, str]]:
    source = subs.scene.service.sources["shop"]
    found = platform_api.verdicts(source, live, subs.stripe, lambda: subs.scene.clock.now)  # type: ignore[arg-type]
    return [(level, text) for level, text, _ in found]


READS = ("ok", "The API key may read subscriptions.")
WRITES = ("ok", "The API key may write the metadata of subscriptions.")


def test_a_good_key_may_read_and_write_and_changes_nothing(subs: Subs) -> None:
    subs.stripe.subscribe()
    subs.stripe.subscribe(None)
    named = ("ok", "1 of its 2 newest subscriptions name a mailbox.")
    assert verdicts(subs) == [READS, named, WRITES]
    assert len(subs.stripe.sent) == 2 and not subs.stripe.written


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ({"readable": False}, "may not read subscriptions"),
        ({"writable": False}, "may not write the metadata"),
        ({"down": 401}, "does not know the API key"),
        ({"down": 500}, "answers HTTP 500"),
        ({"down": 0}, "does not answer"),
    ],
)
def test_what_a_key_may_not_is_a_failure(subs: Subs, rights: dict[str, Any], words: str) -> None:
    for name, value in rights.items():
        setattr(subs.stripe, name, value)
    assert any(level == "FAIL" and words in text for level, text in verdicts(subs))


def test_a_map_that_finds_nothing_is_told(open_subs: OpenSubs) -> None:
    subs = open_subs(map__address="metadata.mail", map__plan="metadata.plan")
    subs.stripe.subscribe()
    assert any("names a mailbox at metadata.mail" in text for _, text in verdicts(subs))
    subs.stripe.subscribe(None, metadata={"mail": JOHN})
    assert any(
        level == "warn" and "cannot be read: data.plan" in text for level, text in verdicts(subs)
    )


def test_a_key_of_the_other_world_is_told(subs: Subs) -> None:
    assert "test subscriptions would make real mailboxes" in str(verdicts(subs, live=True))


def test_a_preview_knows_that_a_newer_subscription_of_the_customer_takes_the_mailbox_over(
    subs: Subs,
) -> None:
    subs.active()
    for customer, problem in (("cus_1", None), ("cus_2", "not_ours")):
        subs.stripe.subscribe(customer=customer)
        subs.deliver_new()
        preview = subs.scene.service.replay.recorded(subs.jobs()[-1]["hook_id"])
        assert (preview.problem and preview.problem[0]) == problem
