"""Two customers at one domain at the same moment, whatever keeps their jobs apart: one of the
two passes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.domain.customers import Presence
from bridge.domain.errors import NeedsPerson
from bridge.domain.model import ChangeKind, Record, State
from bridge.domain.ports import Job, Limits
from bridge.store.base.tables import jobs, mailboxes, steps
from bridge.store.queue import customers
from tests.store.conftest import ACCOUNTS, Shop
from tests.support.together import each_at_once

PASSWORD = "Planted-Secret.7"
BUY = {"product": "pak", "quantity": 1}


@pytest.fixture
def crowded(shop: Shop) -> Shop:
    """As if nothing kept the jobs of one domain from running side by side."""
    shop.accounts = {
        name: replace(each, exclusive_actions=frozenset()) for name, each in ACCOUNTS.items()
    }
    return shop


def creator(shop: Shop, address: str, customer: str | None, **more: Any) -> Job:
    result = {"customer_id": customer} if customer else {}
    shop.hook("create", address, service=address, password=PASSWORD, **result, **more)
    return shop.claimed()


@pytest.mark.parametrize("kind", [ChangeKind.CREATE, ChangeKind.BUY])
def test_of_two_customers_at_the_same_moment_one_passes(crowded: Shop, kind: ChangeKind) -> None:
    for number in range(8):
        both = [
            creator(crowded, f"{local}@d{number}.test", customer)
            for local, customer in (("a", "11"), ("b", "12"))
        ]

        def intend(job: Job) -> str:
            try:
                crowded.intend(job, kind, **(BUY if kind is ChangeKind.BUY else {}))
            except NeedsPerson as error:
                return error.code
            return "passed"

        assert sorted(each_at_once(intend, both)) == ["domain_of_another", "passed"]


@pytest.mark.parametrize("store", ["postgres"])
def test_a_creation_that_ends_while_the_other_is_judged_is_seen(
    crowded: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement of PostgreSQL sees what was committed before it; SQLite lets nobody in."""
    first = creator(crowded, "a@example.com", "11")
    crowded.intend(first, ChangeKind.CREATE)
    second = creator(crowded, "b@example.com", "12")
    judged = customers.present

    def present(tx: sa.Connection, asked: Mapping[str, str]) -> list[Presence]:
        statements = []

        def ends(*given: Any) -> None:
            statements.append(given)
            if len(statements) == 2:
                crowded.finish(first, record=Record("shop", "a@example.com", State.ACTIVE))

        sa.event.listen(tx, "before_cursor_execute", ends)
        return judged(tx, asked)

    monkeypatch.setattr(customers, "present", present)
    with pytest.raises(NeedsPerson) as caught:
        crowded.intend(second, ChangeKind.CREATE)
    assert caught.value.code == "domain_of_another"


@pytest.mark.parametrize("both", [("11", "11"), ("11", None), (None, "12"), (None, None)])
def test_one_customer_twice_or_one_that_is_not_known_is_not_held(
    crowded: Shop, both: tuple[str | None, ...]
) -> None:
    for number, customer in enumerate(both):
        crowded.intend(creator(crowded, f"box{number}@example.com", customer), ChangeKind.CREATE)
    assert len(crowded.rows(steps)) == 2


def test_what_was_paid_for_is_not_held_up_afterwards(crowded: Shop) -> None:
    """The other customer's mailbox became known between the purchase and the creation."""
    job = creator(crowded, "a@example.com", "11")
    crowded.answer(job, crowded.intend(job, ChangeKind.BUY, **BUY))
    other = creator(crowded, "b@example.com", "12", domain_confirmed=True)
    crowded.finish(other, record=Record("shop", "b@example.com", State.ACTIVE))
    crowded.intend(job, ChangeKind.CREATE)


def test_a_creation_that_waits_in_doubt_keeps_the_domain_for_its_customer(shop: Shop) -> None:
    job = creator(shop, "a@example.com", "11")
    shop.answer(job, shop.intend(job, ChangeKind.CREATE), "unknown")
    shop.queue.wait(job, shop.now + 900, "settle", None, True)
    second = creator(shop, "b@example.com", "12")
    with pytest.raises(NeedsPerson) as held:
        shop.intend(second, ChangeKind.CREATE)
    assert held.value.code == "domain_of_another"
    assert [row["touched"] for row in shop.rows(jobs)] == [True, False]


def test_one_that_is_being_made_permits_no_reserved_name_yet(crowded: Shop) -> None:
    crowded.intend(creator(crowded, "a@example.com", "11"), ChangeKind.CREATE)
    with pytest.raises(NeedsPerson) as held:
        crowded.intend(creator(crowded, "postmaster@example.com", "11"), ChangeKind.CREATE)
    assert held.value.code == "reserved_name"


def test_it_is_held_before_the_money_is_looked_at(shop: Shop) -> None:
    """Else a person would approve a purchase, and be asked again."""
    limits = Limits(purchases_per_day=1)
    first = creator(shop, "a@example.net", "11")
    shop.answer(first, shop.intend(first, ChangeKind.BUY, limits, **BUY))
    shop.finish(first, record=Record("shop", "a@example.net", State.ACTIVE))
    job = creator(shop, "root@example.com", "11")
    with pytest.raises(NeedsPerson) as held:
        shop.intend(job, ChangeKind.BUY, limits, **BUY)
    assert held.value.code == "reserved_name"


def test_the_customers_of_two_accounts_and_of_two_sources_do_not_meet(shop: Shop) -> None:
    first = creator(shop, "a@example.com", "11")
    shop.intend(first, ChangeKind.CREATE)
    shop.finish(first, record=Record("shop", "a@example.com", State.ACTIVE))
    shop.intend(
        creator(shop, "b@example.com", "12", account="other", source="till"), ChangeKind.CREATE
    )
    shop.intend(creator(shop, "c@example.com", "12", source="till"), ChangeKind.CREATE)


def test_a_source_whose_customers_share_domains_is_not_judged(shop: Shop) -> None:
    shop.intend(
        creator(shop, "root@example.com", "11"),
        ChangeKind.CREATE,
        Limits(0, 0, frozenset({"shop"})),
    )


def test_gone_is_when_it_was_first_seen_to_be_gone_and_ends_when_it_is_seen(shop: Shop) -> None:
    def went() -> float | None:
        return shop.rows(mailboxes)[0]["gone_at"]  # type: ignore[no-any-return]

    absent, active = Record(state=State.ABSENT), Record("shop", "7", State.ACTIVE)
    shop.hook("create", password=PASSWORD)
    shop.finish(shop.claimed(), record=active)
    assert went() is None
    for _ in range(2):
        shop.hook("terminate")
        shop.finish(shop.claimed(), record=absent)
        assert went() == shop.rows(jobs)[1]["finished_at"]
        shop.now += 60
    shop.hook("create", password=PASSWORD)
    job = shop.claimed()
    shop.intend(job, ChangeKind.CREATE)
    assert went() is not None
    shop.finish(job, record=active)
    assert went() is None
