"""Observe mode beside the old way: what was done the same, what differently and why, what nobody
can see."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from bridge.domain.actions import ACTIONS
from bridge.domain.model import ChangeKind, Forwarding
from bridge.domain.ports import ObservedJob
from bridge.reconcile.scan import Scanner
from bridge.reconcile.shadow import JUDGES, WORDS, Agreement, Observation
from hooks.types import Intent
from tests.support.bench import GOOD, JOHN, Bench


class Week:
    """A week in observe mode over the memory backend; `old_way` does there what somebody else
    did."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.begun = bench, bench.clock.now
        bench.do("create", password=GOOD)
        bench.clock.now += 3600
        bench.use(observe_only=True)

    def judged(self, **more: object) -> list[tuple[str, str, str]]:
        bench = self.bench
        scanner = Scanner(bench.account_state, bench.clock, lambda seconds: None)
        observation = Observation(bench.lookup, scanner, {"main": bench.account(**more)})
        found = observation.report("main", self.begun)
        return [
            (each.job.intent.action.partition(".")[2], str(each.verdict), each.why)
            for each in found
        ]


@pytest.fixture
def week(bench: Bench) -> Week:
    return Week(bench)


def services(week: Week, state: str) -> None:
    week.bench.backend.mailboxes[JOHN].services.update(
        dict.fromkeys(week.bench.backend.mailboxes[JOHN].services, state)
    )


def test_what_the_old_way_did_too_is_the_same(week: Week) -> None:
    week.bench.do("suspend")
    services(week, "suspended")
    assert week.judged() == [("suspend", "same", "")]


def test_what_the_old_way_did_not_do_is_different(week: Week) -> None:
    week.bench.do("suspend")
    assert week.judged() == [("suspend", "different", "At the mail provider it is active.")]


def test_only_the_last_word_on_each_fact_counts(week: Week) -> None:
    week.bench.do("suspend")
    week.bench.do("unsuspend")
    week.bench.do("change_plan", plan="large")
    assert week.judged() == [
        ("change_plan", "different", "At the mail provider it has 1 GB."),
        ("unsuspend", "same", ""),
        ("suspend", "overtaken", ""),
    ]


def test_what_no_read_shows_is_told_as_that(week: Week) -> None:
    week.bench.do("change_password", password="Other-Secret.8")
    assert [verdict for _, verdict, _ in week.judged()] == ["unseen"]
    week.bench.do("suspend")
    assert (
        "suspend",
        "unseen",
        "Only hosted email shows whether a mailbox is suspended.",
    ) in week.judged(services=())


def test_what_the_bridge_would_have_refused_is_told_with_the_reason(week: Week) -> None:
    week.bench.do("change_plan", plan="gold")
    ((_, verdict, why),) = week.judged()
    assert verdict == "would_not" and why.startswith(
        "It would have failed: The configuration has no plan of this name"
    )


def test_creations_and_terminations_are_told_by_existence(week: Week) -> None:
    week.bench.do("create", address="new@example.com", service_id="8", password=GOOD)
    week.bench.do("terminate")
    assert week.judged() == [
        ("terminate", "different", "The mailbox still exists at the mail provider."),
        ("create", "different", "The mailbox does not exist at the mail provider."),
    ]
    del week.bench.backend.mailboxes[JOHN]
    assert week.judged()[1] == ("terminate", "same", "")


def test_a_termination_that_a_newer_hook_called_off_is_not_judged(week: Week) -> None:
    week.bench.do("suspend")
    week.bench.do("terminate")
    week.bench.do("unsuspend")
    assert [(action, verdict) for action, verdict, _ in week.judged()] == [
        ("unsuspend", "same"),
        ("suspend", "overtaken"),
        ("terminate", "overtaken"),
    ]


def test_renewals_are_told_by_the_pak(week: Week) -> None:
    from datetime import timedelta

    until = week.bench.clock.moment + timedelta(days=700)
    week.bench.use(observe_only=True, purchase="paks")
    week.bench.do("renew", until=until)
    ((_, verdict, why),) = week.judged()
    assert verdict == "different" and "it has pak" in why


def test_aliases_and_forwarding_are_told_by_what_is_there(week: Week) -> None:
    week.bench.do("set_aliases", aliases=("info@example.com",))
    week.bench.do("set_forwarding", forward_to=("out@example.org",))
    assert week.judged() == [
        ("set_aliases", "different", "At the mail provider its aliases are none."),
        ("set_forwarding", "different", "At the mail provider its forwarding is off."),
    ]
    john = week.bench.backend.mailboxes[JOHN]
    john.aliases = ("info@example.com",)
    john.forwarding = Forwarding.of(["out@example.org"], True)
    assert {verdict for _, verdict, _ in week.judged()} == {"same"}


def test_what_was_really_done_is_not_in_it(week: Week) -> None:
    week.bench.use()
    week.bench.do("suspend")
    assert week.judged() == []


@pytest.mark.parametrize("action", sorted(set(ACTIONS) - {"mailbox.change_password"}))
def test_an_alias_in_a_mailboxs_place_is_none(week: Week, action: str) -> None:
    bench = week.bench
    intent = Intent(action, bench.clock.moment, "7", str(JOHN), plan="basic")
    seen = replace(bench.backend.observe(JOHN), type="alias")
    job = ObservedJob("job_1", "msg_1", intent, (), 0.0)
    verdict, why = JUDGES[action](job, seen, bench.account().terms)
    gone = action == "mailbox.terminate"
    assert verdict is (Agreement.SAME if gone else Agreement.DIFFERENT)
    assert why == ("" if gone else "It is no mailbox there, but of type alias.")


def test_nothing_was_sent(week: Week) -> None:
    week.bench.do("suspend")
    week.judged()
    assert week.bench.commands == [str(ChangeKind.CREATE)]


def test_every_action_has_its_judge_and_every_verdict_its_words() -> None:
    assert set(JUDGES) == set(ACTIONS)
    result: Mapping[Agreement, str] = WORDS
    assert set(result) == set(Agreement)
