"""Backups are whole and checked, never overwrite, leave nothing half; a restored database
forgets what it must."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from bridge.domain.errors import LeaseLost, NoFunds, NotPossible
from bridge.domain.model import Address, ChangeKind, Record
from bridge.domain.ports import Reconciliation
from bridge.store import Copies, Database, Findings, newest
from bridge.store.backup.restored import quarantine_after_restore
from bridge.store.base.migrate import bring_up
from bridge.store.base.tables import (
    accounts,
    callbacks,
    hooks,
    jobs,
    mailboxes,
    metadata,
    notes,
    purchases,
)
from tests.store.conftest import Shop

PASSWORD = "Planted-Secret.7"


@pytest.fixture
def own(store: str, new_database: Callable[[str], str]) -> Iterator[Shop]:
    """With a database of its own: a restore leaves the replaced one beside it."""
    shop = Shop(Database(new_database(store)))
    yield shop
    shop.database.close()


def copies(shop: Shop) -> Copies:
    return Copies(shop.database, {"main": 180.0, "other": 90.0})


def test_a_backup_beside_writers_is_one_consistent_state(own: Shop, tmp_path: Path) -> None:
    own.hook("suspend")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            own.hook("suspend", f"box{len(os.listdir(tmp_path))}@example.com")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [tmp_path / f"backup{number}" for number in range(3)]
        for file in files:
            copies(own).backup(file)
    finally:
        stop.set()
        writer.join()
    written = len(own.rows(jobs))
    for file in files:
        copies(own).restore(file)
        found = len(own.rows(jobs))
        assert 0 < found <= written
        assert found == len(own.rows(hooks)) == sum(row["sequence"] for row in own.rows(mailboxes))
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_there_already_is_left_alone(own: Shop, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    with pytest.raises(NotPossible, match="already exists"):
        copies(own).backup(file)
    assert (file.read_text(), os.listdir(tmp_path)) == ("precious", ["backup"])


def test_where_nothing_can_be_written_it_is_said_and_nothing_is_left(
    own: Shop, tmp_path: Path
) -> None:
    with pytest.raises(NotPossible, match="cannot be written: No such file"):
        copies(own).backup(tmp_path / "none" / "backup")
    assert os.listdir(tmp_path) == []


def test_a_backup_of_an_older_schema_is_upgraded(own: Shop, tmp_path: Path) -> None:
    with own.database.write() as tx:
        metadata.drop_all(tx)
        tx.execute(sa.text("DROP TABLE alembic_version"))
        bring_up(tx, own.database, "0001")
    copies(own).backup(tmp_path / "backup")
    copies(own).restore(tmp_path / "backup")
    with own.database.read() as tx:
        assert tx.scalar(sa.text("SELECT version_num FROM alembic_version")) == newest()
    assert own.hook("suspend").sequence > 1_000_000


def test_a_backup_of_a_newer_schema_is_refused_and_nothing_changed(
    own: Shop, tmp_path: Path
) -> None:
    own.hook("suspend")
    with own.database.write() as tx:
        tx.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    copies(own).backup(tmp_path / "backup")
    with own.database.write() as tx:
        tx.execute(
            sa.text("UPDATE alembic_version SET version_num = :version"), {"version": newest()}
        )
    with pytest.raises(NotPossible, match="9999"):
        copies(own).restore(tmp_path / "backup")
    assert own.hook("suspend").sequence == 2


class TestTaming:
    def quarantine_after_restore(self, shop: Shop) -> None:
        with shop.database.write() as tx:
            quarantine_after_restore(tx, shop.database, {"main": 180.0, "other": 90.0, "new": 30.0})

    def go_on(self, shop: Shop) -> None:
        """A person compared the account, and resumes it."""
        look = Reconciliation(
            "main", shop.now, shop.now, True, {"example.com": ()}, (), (), 0, 0, ()
        )
        Findings(shop.database).keep("ann", look)
        shop.operator.resume_account("main")

    def test_every_account_is_paused_also_one_that_the_backup_does_not_know(
        self, shop: Shop
    ) -> None:
        shop.account_state.pause_account("other", "credentials", "why")
        self.quarantine_after_restore(shop)
        rows = shop.rows(accounts)
        assert {row["name"]: row["restored_at"] for row in rows} == dict.fromkeys(
            ("main", "other", "new"), shop.now
        )
        assert {row["name"]: row["quiet_until"] - shop.now for row in rows} == {
            "main": 180,
            "other": 90,
            "new": 30,
        }
        assert {row["paused"] for row in rows} == {None}, "what Enom said before the backup is old"
        shop.now += 600
        assert shop.account_state.due_probes() == []

    def test_what_a_person_paused_before_the_backup_stays_so(self, shop: Shop) -> None:
        shop.operator.pause_account("main", "Enom is moving house")
        self.quarantine_after_restore(shop)
        assert [each.code for each in shop.account_state.pauses("main")] == ["restored", "person"]

    def test_a_fault_met_meanwhile_does_not_turn_it_into_a_pause_that_ends_by_itself(
        self, shop: Shop
    ) -> None:
        self.quarantine_after_restore(shop)
        shop.account_state.pause_account("main", "credentials", "why")
        assert shop.account_state.account_paused("main") == "restored"
        assert shop.account_state.resume_account("main")
        assert shop.account_state.account_paused("main") == "restored"

    def test_a_note_of_a_fault_from_the_backup_does_not_hide_that_of_the_restore(
        self, shop: Shop
    ) -> None:
        shop.account_state.pause_account("main", "credentials", "why")
        shop.alert_log.notes_sent(shop.alert_log.due_notes(), ok=True)
        self.quarantine_after_restore(shop)
        result = [
            note.text for note in shop.alert_log.due_notes() if note.subject == "account:main"
        ]
        assert len(result) == 1 and "was restored" in result[0]

    def test_a_window_in_which_reads_are_not_believed_gets_no_shorter(self, shop: Shop) -> None:
        shop.hook("suspend")
        record = Record("shop", "7", settles_at=shop.now + 900)
        shop.finish(shop.claimed(), record=record)
        shop.run("suspend", "ann@example.com")
        self.quarantine_after_restore(shop)
        ends = {
            row["address"].partition("@")[0]: row["settles_at"] - shop.now
            for row in shop.rows(mailboxes)
        }
        assert ends == {"john": 900, "ann": 180}

    def test_nothing_lifts_the_wait_for_purchases_but_time(self, shop: Shop) -> None:
        self.quarantine_after_restore(shop)
        self.go_on(shop)
        for _ in range(2):
            shop.operator.resume_account("main")
        shop.account_state.pause_money("main", 5, "no money")
        shop.operator.resume_account("main")
        shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        with pytest.raises(NoFunds, match="just restored"):
            shop.intend(job, ChangeKind.BUY, product="pak")

    def test_resuming_lets_jobs_go_on_but_purchases_only_when_reads_show_the_last_one(
        self, shop: Shop
    ) -> None:
        self.quarantine_after_restore(shop)
        self.go_on(shop)
        shop.hook("create", password=PASSWORD)
        job = shop.claimed()
        with pytest.raises(NoFunds, match="just restored"):
            shop.intend(job, ChangeKind.BUY, product="pak")
        shop.now += 180
        assert shop.intend(job, ChangeKind.BUY, product="pak").outcome == "intent"

    def test_open_jobs_are_held_with_a_callback_each_and_their_leases_are_void(
        self, shop: Shop
    ) -> None:
        shop.hook("create", password=PASSWORD)
        running = shop.claimed()
        shop.answer(running, shop.intend(running, ChangeKind.BUY, product="pak"))
        shop.hook("suspend", "ann@example.com")
        self.quarantine_after_restore(shop)
        assert {row["status"] for row in shop.rows(jobs)} == {"held"}
        assert [row["outcome"] for row in shop.rows(purchases)] == ["unknown"], (
            "it holds the domain until a person has looked"
        )
        assert len(shop.rows(callbacks)) == 2
        with pytest.raises(LeaseLost):
            shop.finish(running)
        assert shop.claim() is None

    def test_old_notes_are_not_sent_again_and_one_tells_of_the_restore(self, shop: Shop) -> None:
        shop.account_state.pause_money("main", 60, "no money")
        self.quarantine_after_restore(shop)
        assert sorted(note.subject for note in shop.alert_log.due_notes()) == [
            "account:main",
            "account:new",
            "account:other",
        ]
        assert len(shop.rows(notes)) == 4
        self.go_on(shop)
        assert [note.cleared for note in shop.alert_log.due_notes()] == [True]

    def test_sequences_go_on_above_the_clock_and_never_backwards(self, shop: Shop) -> None:
        shop.run("suspend")
        self.quarantine_after_restore(shop)
        known, new = shop.hook("suspend").sequence, shop.hook("suspend", "new@example.com").sequence
        assert known == new == int(shop.now) + 1
        shop.operator.adopt("main", Address.parse("adopted@example.com"), "shop", "9")
        assert shop.hook("suspend", "adopted@example.com").sequence == int(shop.now) + 1
        shop.now -= 1000  # a clock that was set back
        self.quarantine_after_restore(shop)
        assert shop.hook("suspend").sequence == known + 1


@pytest.mark.parametrize("store", ["sqlite"])
class TestSqlite:
    def test_a_copy_is_one_file_and_carries_no_journal(self, own: Shop, tmp_path: Path) -> None:
        own.hook("suspend")
        copies(own).backup(tmp_path / "backup")
        assert os.listdir(tmp_path) == ["backup"]

    def test_a_damaged_database_is_not_copied(self, own: Shop, tmp_path: Path) -> None:
        for number in range(200):
            own.hook("suspend", f"box{number}@example.com")
        file = Path(own.database.url.partition(":///")[2])
        own.database.engine.dispose()
        with open(file, "r+b") as raw:
            raw.seek(4096 * 8)
            raw.write(b"\x55" * 4096 * 6)
        with pytest.raises(NotPossible, match=r"damaged|malformed"):
            copies(own).backup(tmp_path / "backup")
        assert os.listdir(tmp_path) == []

    def test_another_process_that_has_it_open_is_noticed(
        self, own: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("bridge.store.backup.backup.PATIENCE", 0.1)
        copies(own).backup(tmp_path / "backup")
        own.hook("suspend")
        other = Database(own.database.url)
        with closing(other), other.read() as tx:
            tx.execute(sa.select(jobs)).all()
            with pytest.raises(NotPossible, match="Stop the bridge first"):
                copies(own).restore(tmp_path / "backup")
        assert len(own.rows(jobs)) == 1

    def test_a_database_that_cannot_be_read_is_not_replaced_before_it_was_moved_away(
        self, own: Shop, tmp_path: Path
    ) -> None:
        copies(own).backup(tmp_path / "backup")
        file = Path(own.database.url.partition(":///")[2])
        own.database.engine.dispose()
        file.write_bytes(b"rubbish" * 1000)
        with pytest.raises(NotPossible, match="move the file away"):
            copies(own).restore(tmp_path / "backup")
        assert file.read_bytes()[:7] == b"rubbish"
        file.unlink()
        assert copies(own).restore(tmp_path / "backup").kept is None
        assert own.rows(jobs) == []


@pytest.mark.parametrize("store", ["postgres"])
class TestPostgres:
    def test_without_pg_dump_it_is_said_what_to_install(
        self, own: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NotPossible, match="install PostgreSQL's client programs"):
            copies(own).backup(tmp_path / "backup")
        assert os.listdir(tmp_path) == []

    def test_a_password_is_not_in_the_arguments_and_not_in_the_error(
        self, own: Shop, tmp_path: Path
    ) -> None:
        url = own.database.engine.url
        wrong = Database(
            url.set(password="Planted-Db.9", port=1).render_as_string(hide_password=False)
        )
        with closing(wrong), pytest.raises(NotPossible) as result:
            Copies(wrong, {}).backup(tmp_path / "backup")
        assert "Planted-Db.9" not in str(result.value) and "pg_dump" in str(result.value)
        assert os.listdir(tmp_path) == []
