"""What reaches the admin's mailbox in a bad hour, and once a day; through a real mail server, on
a clock of the test's own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.errors import MalformedReply
from bridge.domain.model import State
from bridge.domain.ports import JobResult
from bridge.infra.http_client import HttpClient
from bridge.pipeline.alerts import Alerts
from bridge.store import AlertLog, Summaries
from bridge.store.base import tables
from tests.support.bench import GOOD, Bench
from tests.support.mail import MailServer
from tests.support.stores import up_to

HOUR, DAY = 3600.0, 86400.0
NOON = 12 * 60
both = pytest.mark.parametrize("store", ["sqlite", "postgres"])
Teller = Callable[..., Alerts]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def teller(bench: Bench, mail: MailServer) -> Teller:
    def make(summary_at: int | None = None) -> Alerts:
        book, summaries = AlertLog(bench.database), Summaries(bench.database)
        return Alerts(
            book, "mailto:admin@example.com", mail.url, None, b"key", HttpClient(), bench.clock,
            summaries=summaries, summary_at=summary_at,
        )  # fmt: skip

    return make


def hold(bench: Bench) -> None:
    """A job that a person has to look at."""
    bench.hook("suspend", address=f"box{bench.sent}@d{bench.sent}.example")
    job = bench.queue.claim("worker", up_to(main=4))
    assert job is not None
    bench.queue.finish(
        job,
        JobResult("held", State.UNKNOWN, False, {}, "A person looks.", MalformedReply("nonsense")),
    )


def live(bench: Bench, notes: list[Alerts], seconds: float, step: float = 60.0) -> None:
    """Time goes by, and every worker looks now and then."""
    end = bench.clock.now + seconds
    while bench.clock.now < end:
        for each in notes:
            each.send_due()
        bench.clock.now += step


@both
def test_the_first_note_goes_at_once_and_a_bad_hour_is_one_mail(
    bench: Bench, mail: MailServer, teller: Teller
) -> None:
    workers = [teller(), teller()]
    hold(bench)
    for each in workers:
        each.send_due()
    ((subject, text),) = mail.texts()
    assert subject.startswith("Action needed: job:")
    assert "enom-bridge jobs explain" in text and "==" not in text

    for _ in range(12):
        hold(bench)
        live(bench, workers, 60)
    assert len(mail.mails) == 1, "gathered"
    live(bench, workers, 10 * 60)
    (_, (subject, text)) = mail.texts()
    assert subject == "12 need action, 0 resolved"
    assert "== jobs of account main, garbled: 12 need action ==" in text
    assert text.count("enom-bridge jobs explain") == 3 and "… and 9 more like these." in text
    assert "enom-bridge jobs list --status held" in text
    newest = bench.rows("notes")[-1]["text"].splitlines()[0]
    assert newest in text


def test_while_it_lasts_mails_become_rarer_and_after_a_quiet_time_the_first_goes_at_once(
    bench: Bench, mail: MailServer, teller: Teller
) -> None:
    worker, times = teller(), []
    begun = bench.clock.now
    while bench.clock.now < begun + 4.5 * HOUR:
        bench.account_state.pause_account("main", "credentials", "refused")
        bench.account_state.resume_account("main")
        before = len(mail.mails)
        worker.send_due()
        if len(mail.mails) > before:
            times.append((bench.clock.now - begun) / 60)
        bench.clock.now += 60
    assert times == pytest.approx([0, 15, 45, 105, 165, 225], abs=2)
    bench.clock.now += 3 * HOUR
    worker.send_due()
    bench.clock.now += 3 * HOUR
    count = len(mail.mails)
    bench.account_state.pause_account("main", "credentials", "refused")
    worker.send_due()
    assert len(mail.mails) == count + 1


def test_what_is_over_when_the_mail_goes_needs_nobody(
    bench: Bench, mail: MailServer, teller: Teller
) -> None:
    worker = teller()
    hold(bench)
    worker.send_due()
    bench.account_state.pause_account("main", "credentials", "refused")
    bench.account_state.resume_account("main")
    bench.account_state.pause_money("main", 60, "no money")
    live(bench, [worker], 16 * 60)
    _, text = mail.texts()[-1]
    assert (
        "== purchases of account main: 1 needs action ==" in text and "enom-bridge doctor" in text
    )
    assert "== 1 resolved ==" in text and "Account main works again" in text
    assert "Account main is paused" not in text


def test_what_could_not_be_sent_is_tried_again_although_others_are_gathered(
    bench: Bench, mail: MailServer, teller: Teller
) -> None:
    worker = teller()
    mail.refusing = True
    hold(bench)
    worker.send_due()
    mail.refusing = False
    bench.clock.now += 61
    worker.send_due()
    assert [subject[:9] for subject, _ in mail.texts()] == ["Action ne"]


def rows(bench: Bench, table: sa.Table, *values: dict[str, Any]) -> None:
    with bench.database.write() as tx:
        tx.execute(sa.insert(table), list(values))


def until_noon(bench: Bench, days: float = 1.0) -> None:
    bench.clock.now = (bench.clock.now // DAY + days) * DAY + 12 * HOUR + 60


def test_the_summary_tells_what_stands_and_once_only(
    bench: Bench, mail: MailServer, teller: Teller
) -> None:
    workers = [teller(NOON), teller(NOON)]
    for each in workers:
        each.send_due()
    assert mail.texts() == [], "the first one is the next one"
    until_noon(bench, 0.9)
    now = bench.clock.now
    bench.do("create", password=GOOD)
    bench.do("change_plan", plan="gold")
    hold(bench)
    late = bench.hook("suspend", address="late@slow.example")
    bench.account_state.pause_account("main", "credentials", "refused")
    gone: dict[str, Any] = {
        "account": "main",
        "domain": "example.com",
        "address": "john@example.com",
        "kind": "missing",
    }
    rows(
        bench,
        tables.differences,
        gone | {"detail": "It is not at Enom.", "remedy": "Ask billing.", "since": 1, "seen_at": 1},
    )
    pak: dict[str, Any] = {"account": "main", "used": 7, "free": 3, "seen_at": now}
    ends = [("example.com", "30001", now + 10 * DAY), ("example.net", "30002", now + 40 * DAY)]
    rows(
        bench,
        tables.paks,
        *(pak | {"domain": name, "bundle": id, "expires": end} for name, id, end in ends),
    )
    compared: dict[str, Any] = {
        "account": "main",
        "who": "night",
        "started_at": now,
        "ended_at": now,
        "whole": True,
    }
    rows(
        bench,
        tables.reconciliations,
        compared | {"domains": 1, "unread": 0, "mailboxes": 1, "found": {}},
    )
    with bench.database.write() as tx:
        tx.execute(sa.update(tables.callbacks).values(status="exhausted", ended_at=now))
        tx.execute(
            sa.update(tables.jobs)
            .where(tables.jobs.c.id == late.job)
            .values(created_at=now - 5 * HOUR)
        )
        tx.execute(sa.delete(tables.notes))
    bench.clock.now = max(bench.clock.now, now + 10)
    while not mail.mails:
        live(bench, workers, 120)
    live(bench, workers, 20 * HOUR, step=600)
    ((subject, text),) = mail.texts()
    assert subject.startswith(
        "Daily summary: 1 failed, 1 held, 3 callbacks not delivered, 1 accounts paused, 1 "
        "differences, 1 paks"
    )
    for line in (
        "1 succeeded, 1 failed, 1 held, 0 cancelled. Still open: 1.",
        "enom-bridge jobs list --status failed",
        "1 plan_unknown",
        "1 of account main",
        "3 to shop",
        "main: credentials: refused",
        "main: 1 missing. For example john@example.com: It is not at Enom. Ask billing.",
        "example.com, pak 30001",
    ):
        assert line in text, line
    assert "30002" not in text


def test_a_day_without_anything_to_say_says_nothing_but_once_a_week(
    bench: Bench, mail: MailServer, teller: Teller
) -> None:
    worker = teller(NOON)
    worker.send_due()
    assert bench.do("create", password=GOOD).status == "succeeded"
    result = []
    for day in range(1, 16):
        until_noon(bench)
        worker.send_due()
        result += [day] if len(mail.mails) > len(result) else []
    assert len(result) == 2 and result[1] - result[0] == 7
    assert {subject for subject, _ in mail.texts()} == {"Nothing needs attention"}


def test_without_a_time_there_is_no_summary(bench: Bench, mail: MailServer, teller: Teller) -> None:
    worker = teller()
    for _ in range(10):
        until_noon(bench)
        worker.send_due()
    assert mail.texts() == []
