"""Other mailboxes on record: who has an address, and where its mail goes from there."""

import sqlalchemy as sa

from bridge.domain.model import Address, Forwarding
from bridge.store.base.tables import mailboxes
from bridge.store.queue.neighbours import MOST_STEPS
from tests.store.conftest import Shop

JOHN, JANE = "john@example.com", "jane@example.com"


def known(
    shop: Shop,
    address: str,
    aliases: tuple[str, ...] | None = None,
    forward_to: str = "",
    account: str = "main",
    **more: object,
) -> None:
    forwarding = Forwarding.of([forward_to], False).describe() if forward_to else None
    values = {"source": "shop", "service_id": "7", "state": "active", "settles_at": 5.0, **more}
    with shop.database.write() as tx:
        tx.execute(
            sa.insert(mailboxes).values(
                account=account,
                domain=Address.parse(address).domain,
                address=address,
                aliases=None if aliases is None else list(aliases),
                forwarding=forwarding,
                **values,
            )
        )


def beside(shop: Shop, *wanted: str) -> dict[str, bool]:
    """Address -> whether a service has it."""
    found = shop.lookup.neighbours("main", JOHN, wanted)
    return {each.address: each.exists for each in found}


def test_who_has_an_address_is_found_by_name_and_by_alias(shop: Shop) -> None:
    known(shop, JANE, ("info@example.com", "sales@example.com"))
    known(shop, "info@example.net")
    known(shop, JOHN, ("own@example.com",))
    assert beside(shop, JANE) == beside(shop, "sales@example.com") == {JANE: True}
    assert beside(shop, "info@example.com", "info@example.net") == {
        JANE: True,
        "info@example.net": True,
    }
    assert beside(shop, "free@example.com", "own@example.com", JOHN) == {}
    (found,) = shop.lookup.neighbours("main", JOHN, [JANE])
    assert (found.source, found.aliases, found.forwarding, found.settles_at) == (
        "shop",
        ("info@example.com", "sales@example.com"),
        None,
        5.0,
    )


def test_what_is_gone_or_nobodys_has_no_address(shop: Shop) -> None:
    known(shop, JANE, state="absent")
    known(shop, "jim@example.com", source=None, service_id=None)
    known(shop, "ann@example.com", state="unknown")  # it may be there
    assert beside(shop, JANE, "jim@example.com", "ann@example.com") == {
        JANE: False,
        "jim@example.com": False,
        "ann@example.com": True,
    }


def test_another_account_is_another_world(shop: Shop) -> None:
    known(shop, JANE, ("info@example.com",), account="second")
    assert beside(shop, JANE, "info@example.com") == {}


def test_a_chain_of_forwardings_is_followed_across_domains_and_not_for_ever(shop: Shop) -> None:
    known(shop, JANE, forward_to="a0@d0.test")
    for number in range(MOST_STEPS + 3):
        known(shop, f"a{number}@d{number}.test", forward_to=f"a{number + 1}@d{number + 1}.test")
    found = beside(shop, JANE)
    assert {JANE, "a0@d0.test", "a5@d5.test"} <= set(found)
    assert len(found) == MOST_STEPS


def test_a_ring_ends_the_search(shop: Shop) -> None:
    known(shop, JANE, forward_to="jim@example.com")
    known(shop, "jim@example.com", forward_to=JANE)
    assert set(beside(shop, JANE)) == {JANE, "jim@example.com"}
