"""A whole bridge behind localstripe: a subscription is made, not paid, paid, and ended; what became of
the mailbox at each, and what stands in the metadata."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
from click.testing import CliRunner

from bridge.cli import main
from bridge.sim import Simulator
from bridge.store import Database
from bridge.store.base import tables
from tests.cli.test_reload import free_port
from tests.support.billing import until
from tests.support.bridge import furnish, write_config
from tests.support.localstripe import KEY, SECRET, LocalStripe
from tests.support.process import Bridge
from tests.support.stores import on_both
from tests.support.subs import LINK

JOHN = "john.doe@example.com"
DAY = 86400.0


class Shop:
    """localstripe, a bridge in a process of its own, and Enom."""

    def __init__(self, folder: Path, database: str) -> None:
        self.stripe = LocalStripe(free_port())
        self.sim = Simulator(1).start()
        furnish(self.sim)
        self.database = database
        port = free_port()
        self.config = write_config(
            folder,
            self.sim,
            database,
            bridge__listen=f"127.0.0.1:{port}",
            bridge__public_url=f"http://127.0.0.1:{port}",
            source__platform="stripe",
            source__secrets=[SECRET],
            safety__terminate_grace_days=14,
            admin__notify="mailto:admin@example.com",
            admin__smtp=f"smtp://127.0.0.1:{free_port()}",
            api__key=KEY,
            api__endpoint=self.stripe.url,
            map__plan="metadata.plan",
            account__settle=0,
        )
        self.bridge = Bridge(self.config)
        self.url = f"http://127.0.0.1:{self.bridge.port}"
        self.stripe.send_webhooks_to(f"{self.url}/hooks/shop")

    def command(self, *arguments: str) -> str:
        done = CliRunner().invoke(main, ["--config", str(self.config), *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    def state(self) -> str:
        box = self.sim.control("/state")["domains"]["example.com"]["mailboxes"].get(JOHN)
        return "absent" if box is None else str(box["status"])

    def notes(self, id: str) -> dict[str, str]:
        metadata = self.stripe.subscription(id)["metadata"]
        return {name: value for name, value in metadata.items() if name.startswith("enom_bridge_")}

    def becomes(self, state: str, id: str) -> None:
        until(lambda: self.state() == state, 60)
        until(lambda: self.notes(id).get("enom_bridge_status") == state, 60)

    def rows(self, name: str) -> list[dict[str, Any]]:
        table = tables.metadata.tables[name]
        with self.opened() as database, database.read() as tx:
            return [dict(row) for row in tx.execute(sa.select(table)).mappings()]

    @contextmanager
    def opened(self) -> Iterator[Database]:
        database = Database(self.database)
        try:
            yield database
        finally:
            database.close()

    def forward(self, seconds: float) -> None:
        """The end of the grace comes nearer by so much."""
        with self.opened() as database, database.write() as tx:
            later = tables.mailboxes.c.delete_after
            tx.execute(sa.update(tables.mailboxes).values(delete_after=later - seconds))

    def close(self) -> None:
        self.bridge.close()
        self.stripe.close()
        self.sim.stop()


@pytest.fixture
def shop(tmp_path: Path, database_url: str) -> Iterator[Shop]:
    opened = Shop(tmp_path, database_url)
    yield opened
    opened.close()


@on_both
def test_a_mailbox_follows_its_subscription(shop: Shop) -> None:
    assert (
        "FAIL  source shop"
        not in CliRunner().invoke(main, ["--config", str(shop.config), "doctor"]).stdout
    )
    made = shop.stripe.subscribe(
        shop.stripe.customer(), shop.stripe.plan(), mailbox=JOHN, plan="basic"
    )
    id = made["id"]
    assert made["status"] == "active"
    shop.becomes("active", id)
    assert shop.notes(id) == {"enom_bridge_status": "active", "enom_bridge_address": JOHN}

    link = LINK.fullmatch(shop.command("mailboxes", "password-link", JOHN).strip())
    assert link is not None
    form = {"password": "Made-Up.Pass-77", "again": "Made-Up.Pass-77"}
    answer = requests.post(shop.url + link[1], form, timeout=60)
    assert answer.status_code == 200 and "Your password is set" in answer.text
    box = shop.sim.control("/state")["domains"]["example.com"]["mailboxes"][JOHN]
    assert box["password"] == "Made-Up.Pass-77"

    shop.stripe.becomes(id, "past_due")
    shop.stripe.becomes(id, "unpaid")
    shop.becomes("suspended", id)
    shop.stripe.becomes(id, "active")
    shop.becomes("active", id)
    shop.stripe.cancel(id)
    shop.becomes("suspended", id)
    shop.forward(15 * DAY)
    shop.becomes("absent", id)

    jobs = sorted(shop.rows("jobs"), key=lambda row: row["sequence"])
    assert [row["action"].removeprefix("mailbox.") for row in jobs] == [
        "ensure",
        "change_password",
        "suspend",
        "ensure",
        "terminate",
        "terminate",
    ]
    assert {row["status"] for row in jobs} == {"succeeded"}
    assert re.search("They agree", shop.command("subscriptions", "--source", "shop"))


@pytest.mark.parametrize("store", ["sqlite"])
def test_what_stripe_says_anew_at_the_end_of_the_grace_counts(shop: Shop) -> None:
    id = shop.stripe.subscribe(
        shop.stripe.customer(), shop.stripe.plan(), mailbox=JOHN, plan="basic"
    )["id"]
    shop.becomes("active", id)
    shop.stripe.cancel(id)
    shop.becomes("suspended", id)
    shop.stripe.send_webhooks_to("http://127.0.0.1:9/nowhere")  # what it says now gets lost
    shop.stripe.becomes(id, "active")
    shop.forward(15 * DAY)
    until(lambda: any(row["status"] == "held" for row in shop.rows("jobs")), 60)
    assert shop.state() == "suspended"
    shop.command("subscriptions", "--source", "shop", "--apply")
    shop.becomes("active", id)
