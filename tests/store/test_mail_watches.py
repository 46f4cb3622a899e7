"""Which domains are looked at by themselves, in which order, and that each is said once."""

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.model import Record, State
from bridge.maildns.watching import Outcome, Watched
from bridge.store import MailWatches
from bridge.store.admin.mail_watches import LEASE, MARKED_EVERY
from bridge.store.base.tables import mail_watches, mailboxes, notes
from tests.store.conftest import NOON, Shop

DAY, HOUR = 86400.0, 3600.0
ACCOUNTS = ["main"]


@pytest.fixture
def watches(shop: Shop) -> MailWatches:
    made = MailWatches(shop.database)
    made.enrol(ACCOUNTS)  # from now on
    shop.now += 60
    return made


def create(shop: Shop, address: str, account: str = "main", source: str = "shop") -> None:
    shop.hook("create", address, source=source, account=account, password="Planted-Secret.7")
    shop.finish(shop.claimed(), record=Record(source, "7", State.ACTIVE))


def own(shop: Shop, *addresses: str, account: str = "main", source: str | None = "shop") -> None:
    """Mailboxes that were taken over: no job made them."""
    rows = [
        {"account": account, "address": each, "domain": each.split("@")[1], "source": source}
        for each in addresses
    ]
    with shop.database.write() as tx:
        tx.execute(sa.insert(mailboxes), rows)


def domains(found: Any) -> list[str]:
    return [each.domain for each in found]


def row(shop: Shop, domain: str) -> dict[str, Any]:
    return next(each for each in shop.rows(mail_watches) if each["domain"] == domain)


def test_a_domain_is_taken_up_when_a_mailbox_was_made_in_it(
    shop: Shop, watches: MailWatches
) -> None:
    own(shop, "ann@example.net")
    create(shop, "john@example.com")
    create(shop, "bob@example.com")
    create(shop, "eve@example.org", account="other")
    shop.run("suspend", "zoe@example.test")
    watches.enrol(ACCOUNTS)
    found = watches.due(ACCOUNTS, 9)
    assert domains(found) == ["example.com"]
    assert (found[0].account, found[0].ordered_at, found[0].looks) == ("main", shop.now, 0)
    assert watches.due(ACCOUNTS, 9) == [], "it is leased"
    shop.now += LEASE
    assert domains(watches.due(ACCOUNTS, 9)) == ["example.com"], "its process was lost"


def test_what_was_made_before_the_first_start_is_no_order(shop: Shop) -> None:
    create(shop, "john@example.com")
    shop.now += HOUR
    watches = MailWatches(shop.database)
    watches.enrol(ACCOUNTS)
    watches.enrol(ACCOUNTS)
    assert shop.rows(mail_watches) == []


def test_a_creation_that_failed_or_was_only_observed_takes_up_nothing(
    shop: Shop, watches: MailWatches
) -> None:
    shop.run("create", "john@example.com", password="Planted-Secret.7", status="failed")
    shop.run("create", "bob@example.net", password="Planted-Secret.7")  # its mailbox has no owner
    watches.enrol(ACCOUNTS)
    assert shop.rows(mail_watches) == []


def test_nothing_is_missed_however_long_nothing_came(shop: Shop, watches: MailWatches) -> None:
    for _ in range(5):
        shop.now += MARKED_EVERY * 0.9
        watches.enrol(ACCOUNTS)
    create(shop, "john@example.com")
    shop.now += MARKED_EVERY * 3
    watches.enrol(ACCOUNTS)
    assert domains(watches.due(ACCOUNTS, 9)) == ["example.com"]


def test_a_clock_that_was_put_back_hides_no_order(shop: Shop, watches: MailWatches) -> None:
    shop.now = NOON + DAY
    watches.enrol(ACCOUNTS)
    shop.now = NOON
    watches.enrol(ACCOUNTS)
    create(shop, "john@example.com")
    watches.enrol(ACCOUNTS)
    assert domains(watches.due(ACCOUNTS, 9)) == ["example.com"]


def test_a_domain_that_works_is_not_taken_up_again_and_one_that_never_did_is(
    shop: Shop, watches: MailWatches
) -> None:
    create(shop, "john@example.com")
    create(shop, "john@example.net")
    watches.enrol(ACCOUNTS)
    works, never = watches.due(ACCOUNTS, 9)
    watches.record(works, Outcome(True, True, None, None, works=True), "")
    watches.record(never, Outcome(True, False, None, None), "")
    assert row(shop, never.domain)["looks"] == 1
    shop.now += 20 * DAY
    create(shop, "ann@example.com")
    create(shop, "ann@example.net")
    watches.enrol(ACCOUNTS)
    assert domains(watches.due(ACCOUNTS, 9)) == [never.domain]
    assert row(shop, never.domain)["looks"] == 0


def test_all_others_are_looked_at_in_turn_at_an_even_pace(shop: Shop, watches: MailWatches) -> None:
    own(shop, "a@b.example", "b@b.example", "a@a.example", "a@d.example")
    own(shop, "a@c.example", source=None)
    own(shop, "a@0.example", account="other")
    found = []
    for _ in range(4 * 24):
        shop.now += HOUR
        while sampled := watches.sample(["main"], 2):  # one in twelve hours
            found.append((sampled.domain, shop.now))
            watches.record(sampled, Outcome(True, True, None, None), "")
    assert [domain[0] for domain, _ in found] == list("abdabdab")
    assert all(later - sooner == 12 * HOUR for (_, sooner), (_, later) in itertools.pairwise(found))


def test_no_domain_is_looked_at_twice_a_day_however_many_may_be(
    shop: Shop, watches: MailWatches
) -> None:
    own(shop, "a@a.example", "a@b.example")
    count = 0
    for _ in range(48):
        while sampled := watches.sample(["main"], 1000):
            watches.record(sampled, Outcome(True, True, None, None), "")
            count += 1
        shop.now += HOUR / 2
    assert count == 2


def test_a_round_goes_through_all_accounts_that_are_looked_at(
    shop: Shop, watches: MailWatches
) -> None:
    own(shop, "a@a.example", "a@b.example")
    own(shop, "a@c.example", account="other")
    found = []
    for _ in range(4):
        sampled = watches.sample(["main", "other"], 1)
        assert sampled is not None
        found.append((sampled.account, sampled.domain))
        shop.now += DAY
    assert found == [("main", "a.example"), ("main", "b.example"), ("other", "c.example"),
                     ("main", "a.example")]  # fmt: skip
    assert watches.sample(["other"], 1) is not None, "from an account that is in it no more"
    assert MailWatches(shop.database).sample([], 1) is None


def told(shop: Shop) -> list[tuple[str, bool, str]]:
    return [(each["subject"], each["cleared"], each["text"]) for each in shop.rows(notes)]


def failing(shop: Shop, watches: MailWatches) -> Watched:
    own(shop, "a@example.com")
    sampled = watches.sample(ACCOUNTS, 1)
    assert sampled is not None
    for _ in range(3):
        watches.record(
            sampled, Outcome(True, True, shop.now, shop.now + DAY, failing=True), "It stopped."
        )
    return sampled


def test_there_is_one_note_while_it_lasts_and_one_when_it_is_over(
    shop: Shop, watches: MailWatches
) -> None:
    watched = failing(shop, watches)
    assert told(shop) == [("mail:example.com", False, "It stopped.")]
    watches.record(watched, Outcome(True, True, shop.now, shop.now + HOUR), "?")
    assert len(told(shop)) == 1, "unknown says nothing"
    for _ in range(2):
        watches.record(watched, Outcome(True, True, None, None, works=True), "It works.")
    assert told(shop)[1:] == [("mail:example.com", True, "It works.")]
    (note, _) = shop.alert_log.due_notes(gather=True)
    assert note.about == "domains whose mail works no more"


def test_a_domain_without_mailboxes_is_forgotten_and_its_note_is_over(
    shop: Shop, watches: MailWatches
) -> None:
    watched = failing(shop, watches)
    assert watches.forget() == 0
    with shop.database.write() as tx:
        tx.execute(sa.update(mailboxes).values(source=None))
    assert (watches.forget(), watches.forget()) == (1, 0)
    assert shop.rows(mail_watches) == [] and told(shop)[-1][1]
    watches.record(watched, Outcome(True, True, None, None, failing=True), "Late.")
    assert len(told(shop)) == 2, "a look that was under way says nothing more"
