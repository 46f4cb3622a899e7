"""Ownership in batches: only what is nobody's is given away, and everything left is told with
its reason."""

from bridge.domain.model import Record, State
from bridge.domain.ports import Assignment
from bridge.store import Owners
from bridge.store.base.tables import mailboxes
from tests.store.conftest import ADDRESS, SETTLE, Shop

PASSWORD = "Planted-Secret.7"


def take(
    shop: Shop, *takings: tuple[str, str], account: str = "main", seen_at: float | None = None
) -> dict[str, str]:
    at = shop.now if seen_at is None else seen_at
    owners = Owners(shop.database)
    return dict(
        owners.take_over(
            account,
            "shop",
            [Assignment(address, service, State.ACTIVE, at) for address, service in takings],
        )
    )


def test_unknown_mailboxes_are_given_to_their_services(shop: Shop) -> None:
    assert take(shop, ("b@example.net", "2"), ("a@example.com", "1")) == {}
    rows = {row["address"]: row for row in shop.rows(mailboxes)}
    assert {
        name: (row["domain"], row["source"], row["service_id"], row["state"])
        for name, row in rows.items()
    } == {
        "a@example.com": ("example.com", "shop", "1", "active"),
        "b@example.net": ("example.net", "shop", "2", "active"),
    }
    assert {row["observed_at"] for row in rows.values()} == {shop.now}


def test_given_again_it_changes_nothing(shop: Shop) -> None:
    take(shop, (ADDRESS, "7"))
    before = shop.rows(mailboxes)
    assert take(shop, (ADDRESS, "7"), seen_at=shop.now + 9) == {}
    assert shop.rows(mailboxes) == before


def test_a_mailbox_that_is_known_and_nobodys_is_given_and_keeps_its_sequence(shop: Shop) -> None:
    shop.run("create", password=PASSWORD, status="failed")
    assert shop.lookup.record("main", ADDRESS).source is None
    assert take(shop, (ADDRESS, "7")) == {}
    assert shop.lookup.record("main", ADDRESS) == Record("shop", "7", State.ACTIVE)
    assert shop.hook("suspend").sequence == 2


def test_anothers_is_left_as_it_is(shop: Shop) -> None:
    shop.hook("create", password=PASSWORD)
    theirs = Record("shop", "9", State.ACTIVE, password_digest="d")
    shop.finish(shop.claimed(), record=theirs)
    left = take(shop, (ADDRESS, "7"), ("a@example.com", "1"))
    assert left == {ADDRESS: "It now belongs to service 9 of shop."}
    assert shop.lookup.record("main", ADDRESS) == theirs
    assert shop.lookup.record("main", "a@example.com").owned_by("shop", "1")


def test_the_same_address_of_another_account_is_another_mailbox(shop: Shop) -> None:
    take(shop, (ADDRESS, "7"), account="other")
    assert take(shop, (ADDRESS, "8")) == {}
    assert shop.lookup.record("other", ADDRESS).service_id == "7"
    assert list(shop.lookup.records("main")) == [ADDRESS]


def test_one_that_a_worker_is_at_is_left_to_it(shop: Shop) -> None:
    shop.hook("create", password=PASSWORD)
    job = shop.claimed()
    assert job.id in take(shop, (ADDRESS, "7"))[ADDRESS]
    shop.finish(job, "failed")
    assert take(shop, (ADDRESS, "7")) == {}


def test_one_that_was_changed_since_enom_was_asked_is_left(shop: Shop) -> None:
    shop.hook("terminate")
    looked = shop.now
    shop.finish(shop.claimed(), record=Record(state=State.ABSENT, settles_at=shop.now + SETTLE))
    assert (
        "since it was read from the mail provider"
        in take(shop, (ADDRESS, "7"), seen_at=looked)[ADDRESS]
    )
    shop.now += SETTLE + 1
    assert take(shop, (ADDRESS, "7")) == {}


def test_thousands_are_taken_in_one_go(shop: Shop) -> None:
    many = [(f"box{number}@example.com", str(number)) for number in range(2000)]
    assert take(shop, *many) == {}
    assert len(shop.lookup.records("main")) == 2000
