"""Whoever looks at a service also sees the jobs by which another one got its mailboxes."""

from collections.abc import Callable

import sqlalchemy as sa

from bridge.domain.model import Record, State
from bridge.store import Database, upgrade
from bridge.store.base import tables
from tests.store.conftest import ADDRESS, Shop

SINGLE, COMPANY = "1042", "77"


def change(shop: Shop, source: str = "shop", status: str = "succeeded") -> str:
    receipt = shop.hook("change_service", service=COMPANY, source=source, from_service_id=SINGLE)
    shop.finish(shop.claimed(), status, record=Record(source, COMPANY, State.ACTIVE))
    return receipt.job


def listed(shop: Shop, service: str, **more: str) -> list[str]:
    return [row["id"] for row in shop.lookup.page("jobs", 10, service_id=service, **more)[0]]


def test_a_change_is_shown_with_both_services(shop: Shop) -> None:
    shop.own(ADDRESS, service=SINGLE)
    (created,) = listed(shop, SINGLE)
    changed = change(shop)
    shop.run("suspend", service=COMPANY)
    assert listed(shop, SINGLE) == [changed, created]
    assert listed(shop, SINGLE, source="shop", status="succeeded") == [changed, created]
    assert listed(shop, SINGLE, source="till") == []
    assert changed in listed(shop, COMPANY) and created not in listed(shop, COMPANY)


def test_also_of_a_mailbox_for_which_the_service_never_sent_a_hook(shop: Shop) -> None:
    shop.hook("suspend", service=COMPANY)
    with shop.database.write() as tx:
        tx.execute(sa.update(tables.mailboxes).values(source="shop", service_id=SINGLE))
    shop.end(State.ACTIVE, "failed")
    assert listed(shop, SINGLE) == []
    changed = change(shop, status="failed")
    assert listed(shop, SINGLE) == [changed]
    assert [row["id"] for row in shop.lookup.find(SINGLE)["jobs"]] == [changed]


def test_its_pages_miss_nothing(shop: Shop) -> None:
    wanted = [change(shop) for _ in range(5)] + [
        shop.run("suspend", service=SINGLE, status="failed").job
    ]
    found, after = [], None
    while True:
        page, after = shop.lookup.page("jobs", 2, after, service_id=SINGLE)
        found += [row["id"] for row in page]
        if after is None:
            break
    assert found == sorted(wanted, reverse=True)


def test_a_change_of_before_the_upgrade_is_shown_too(
    new_database: Callable[[str], str], store: str
) -> None:
    shop = Shop(Database(new_database(store)))
    other = shop.run("suspend", service=SINGLE)
    changed = change(shop)
    with shop.database.write() as tx:
        tx.execute(sa.text("DROP INDEX ix_jobs_former_service"))
        tx.execute(sa.text("ALTER TABLE jobs DROP COLUMN from_service_id"))
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '0009'"))
    upgrade(shop.database)
    assert listed(shop, SINGLE) == [changed, other.job]
    shop.database.close()
