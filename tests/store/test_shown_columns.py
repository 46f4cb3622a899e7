"""What people may see of a row is what is named, column by column; everything else stays in the
database."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.store.base import tables
from bridge.store.base.shown_columns import SHOWN, shown
from tests.store.conftest import Shop

HIDDEN: Mapping[str, frozenset[str]] = {
    "jobs": frozenset({"mailbox_id", "sealed", "lease_owner", "token"}),
    "hooks": frozenset({"digest", "key_index", "sealed"}),
    "mailboxes": frozenset({"password_digest", "decided"}),
    "steps": frozenset({"token", "digest"}),
    "callbacks": frozenset({"mailbox_id", "token"}),
    "events": frozenset({"token"}),
    "services": frozenset({"decided"}),
    "subscriptions": frozenset({"said_in"}),
    "write_backs": frozenset({"token"}),
    "password_links": frozenset({"digest"}),
}
"""Columns that stay hidden. One that is neither here nor shown was added without a decision."""

NEVER = {"used_ids", "slots", "workers", "marks", "sign_in_failures", "readiness", "mail_watches"}
"""Tables of which nobody is shown a row."""

ADDED = {"jobs": {"tried_again_as"}, "hooks": {"address", "status"}}
ADDED |= {"callbacks": {"address", "waiting_for", "receiver_tries", "receiver_after"}}
"""What the queries of lists add to a row."""

ALL = sorted(tables.metadata.tables)


@pytest.mark.parametrize("table", ALL)
def test_every_column_was_decided_on(table: str) -> None:
    columns = set(tables.metadata.tables[table].columns.keys())
    if table in NEVER:
        assert table not in SHOWN
        return
    named, hidden = set(SHOWN[table]) - ADDED.get(table, set()), HIDDEN.get(table, frozenset())
    assert named | hidden == columns and not named & hidden


@pytest.mark.parametrize("table", sorted(SHOWN))
def test_a_new_column_is_hidden_until_it_is_named(table: str) -> None:
    """The row comes from the database, as `SELECT *` would give it after a migration."""
    values = [filled(column) for column in tables.metadata.tables[table].columns]
    new = sa.literal("Planted-Secret.7").label("new_column")
    engine = sa.create_engine("sqlite://", poolclass=sa.NullPool)
    with engine.connect() as tx:
        row = tx.execute(sa.select(*values, new)).mappings().one()
    fields = shown(table, row)
    computed = {"jobs": {"password_kept"}, "hooks": {"body_kept"}}.get(table, set())
    added = ADDED.get(table, set()) - set(tables.metadata.tables[table].columns.keys())
    assert set(fields) == set(SHOWN[table]) - added | computed
    assert "Planted-Secret.7" not in str(fields)
    for name in HIDDEN.get(table, ()):
        assert f"hidden {name}" not in str(fields)


def filled(column: sa.Column[Any]) -> sa.Label[Any]:
    """What a row of this column could hold, and what would betray it."""
    if column.name == "error":
        value: Any = {
            "code": "unclear",
            "detail": "No.",
            "remote": None,
            "kind": "Planted-Secret.7",
        }
        return sa.literal(value, column.type).label(column.name)
    return sa.literal(f"hidden {column.name}").label(column.name)


def test_a_table_that_is_not_named_is_shown_to_nobody(shop: Shop) -> None:
    with shop.database.read() as tx:
        row = tx.execute(sa.select(tables.key_values)).mappings().first()
    assert row is not None
    with pytest.raises(KeyError):
        shown("marks", row)


def test_no_reader_hands_out_a_whole_row() -> None:
    """`dict(row)` and `{**row}` would pass the list by."""
    for file in (Path(__file__).parents[2] / "bridge/store").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            assert ast.unparse(node) not in ("dict(row)", "{**row}"), file
