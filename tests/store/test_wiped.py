"""What is wiped is not in SQLite's file any more, also where the library was built without
secure delete."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bridge.store.base.connections import prepare_sqlite

WORD = "Planted-Wiped.3" * 8


def after_a_delete(path: Path, prepared: bool) -> bytes:
    """The file's bytes, by a library that leaves what is deleted unless it is told otherwise."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    event.listen(
        engine, "connect", lambda connection, _: connection.execute("PRAGMA secure_delete = OFF")
    )
    if prepared:
        prepare_sqlite(engine)
    with engine.begin() as tx:
        tx.exec_driver_sql("CREATE TABLE kept (id INTEGER PRIMARY KEY, text TEXT)")
        tx.execute(sa.text("INSERT INTO kept (text) VALUES (:word)"), [{"word": WORD}] * 50)
    with engine.begin() as tx:
        tx.exec_driver_sql("DELETE FROM kept")
    engine.dispose()
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@pytest.mark.parametrize("prepared", [True, False])
def test_what_is_deleted_is_overwritten_only_because_we_ask_for_it(
    tmp_path: Path, prepared: bool
) -> None:
    assert (WORD.encode() in after_a_delete(tmp_path / "bridge.sqlite3", prepared)) is not prepared
