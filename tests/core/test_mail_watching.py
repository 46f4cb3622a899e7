"""What a look at a domain's mail leads to: when the next one is, and whether anything is said."""

import pytest

from bridge.maildns.domain_mail import DomainMail
from bridge.maildns.records import Purpose, Record, RecordState, SetBy
from bridge.maildns.watching import (
    CONFIRM,
    DAY,
    FIRST_PAUSE,
    GIVEN_UP,
    LONGEST_PAUSE,
    Outcome,
    Watched,
    after,
    what_stopped,
)
from bridge.reporting.notes import LONGEST_OF_DNS, mail_subject

NOW = 1_795_368_420.0
READY, NOT, UNKNOWN = "ready", "not_ready", "unknown"


def mail(receives: str, sends: str, *records: Record) -> DomainMail:
    return DomainMail("example.com", receives, sends, records, ())


def watched(**more: object) -> Watched:
    return Watched("1", "main", "example.com", **more)  # type: ignore[arg-type]  # each test names its fields


def look(before: Watched, receives: str, sends: str, now: float = NOW) -> Outcome:
    return after(before, mail(receives, sends), now)


def test_a_new_domain_that_works_is_looked_at_in_its_turn_only() -> None:
    outcome = look(watched(ordered_at=NOW), READY, READY)
    assert (outcome.receives, outcome.sends, outcome.next_at) == (True, True, None)
    assert not outcome.failing


@pytest.mark.parametrize(("receives", "sends"), [(NOT, NOT), (READY, NOT), (UNKNOWN, UNKNOWN)])
def test_one_that_does_not_is_looked_at_with_growing_pauses_to_an_end(
    receives: str, sends: str
) -> None:
    pauses, now, looks = [], NOW, 0
    while (found := look(watched(ordered_at=NOW, looks=looks), receives, sends, now)).next_at:
        pauses.append(found.next_at - now)
        now, looks = found.next_at, looks + 1
        assert not found.failing, "it never worked"
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses == sorted(pauses) and pauses[-1] == LONGEST_PAUSE
    assert GIVEN_UP <= now - NOW < GIVEN_UP + LONGEST_PAUSE and len(pauses) < 40


def test_one_of_the_round_that_never_worked_is_looked_at_in_its_turn_only() -> None:
    assert look(watched(), NOT, NOT) == Outcome(False, False, None, None)


@pytest.mark.parametrize(
    ("worked", "receives", "sends"),
    [
        ({"receives": True}, NOT, NOT),
        ({"receives": True}, NOT, READY),
        ({"sends": True}, READY, NOT),
        ({"receives": True, "sends": True}, UNKNOWN, NOT),
    ],
)
def test_what_worked_and_works_no_more_is_said_after_a_second_look(
    worked: dict[str, bool], receives: str, sends: str
) -> None:
    first = look(watched(**worked), receives, sends)
    assert (first.failing, first.failing_since, first.next_at) == (False, NOW, NOW + CONFIRM)
    before = watched(**worked, failing_since=NOW)
    early = look(before, receives, sends, NOW + 60)
    assert not early.failing, "a second look right after proves little"
    second = look(before, receives, sends, NOW + CONFIRM)
    assert (second.failing, second.failing_since) == (True, NOW)
    assert second.next_at == NOW + CONFIRM + DAY


def test_a_single_odd_answer_is_forgotten() -> None:
    before = watched(receives=True, sends=True, failing_since=NOW)
    outcome = look(before, READY, READY)
    assert outcome == Outcome(True, True, None, None, works=True)


def test_what_dns_did_not_answer_neither_raises_nor_clears() -> None:
    working = watched(receives=True, sends=True)
    assert look(working, UNKNOWN, UNKNOWN) == Outcome(True, True, None, None)
    failing = watched(receives=True, sends=True, failing_since=NOW - DAY)
    outcome = look(failing, UNKNOWN, READY)
    assert outcome == Outcome(True, True, NOW - DAY, NOW + CONFIRM)


def test_one_way_that_works_again_clears_nothing_while_the_other_does_not() -> None:
    failing = watched(receives=True, sends=True, failing_since=NOW - DAY)
    outcome = look(failing, READY, NOT)
    assert outcome.failing and not outcome.works


def test_the_note_says_what_stopped_and_what_to_set() -> None:
    wrong = RecordState.WRONG
    records = [
        Record(Purpose.MX, "MX", "example.com", wrong, "Its mail goes to another server: x.", (),
               "10 mx.example.com.cust.a.hostedemail.com", SetBy.DNS),
        Record(Purpose.SPF, "TXT", "example.com", wrong, "z" * 9000, (), "v=spf1 -all", SetBy.DNS),
    ]  # fmt: skip
    text = what_stopped(watched(receives=True), mail(NOT, NOT, *records))
    assert text.splitlines() == [
        "example.com no longer receives mail; it did before.",
        "Its mail goes to another server: x.",
        "Set in its DNS: example.com. MX 10 mx.example.com.cust.a.hostedemail.com.",
        "Its mailboxes: enom-bridge mailboxes list --domain example.com",
    ]
    both = what_stopped(watched(receives=True, sends=True), mail(NOT, NOT, *records))
    assert both.startswith("example.com no longer receives and sends mail")
    assert max(map(len, both.splitlines())) < LONGEST_OF_DNS + 50


def test_the_subject_of_a_note_has_room_for_any_domain() -> None:
    assert mail_subject("example.com", "7") == "mail:example.com"
    long = ".".join(["a" * 60] * 4)
    subjects = {mail_subject(f"{long}.example", "7"), mail_subject(f"{long}.test", "8")}
    assert len(subjects) == 2 and all(len(each) <= 128 for each in subjects)
