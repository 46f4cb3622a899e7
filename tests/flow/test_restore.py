"""A bridge set back to a backup: what happened since is unknown to it, and none of it is undone,
paid twice or told wrongly."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.domain.errors import NotPossible
from bridge.sim import Simulator
from bridge.store import Copies
from tests.support.bench import START, Clock
from tests.support.bridge import PASSWORD, add_domain, furnish
from tests.support.scene import Scene

QUIET = {"main": 30.0}


def go_on(scene: Scene) -> None:
    """As a person does: look at what differs, then resume."""
    scene.service.reconcile.account("main", "ann")
    scene.service.operator.resume_account("main")


sqlite = pytest.mark.parametrize("store", ["sqlite"])
JOHN, ANN, EVE = "john.doe@example.com", "ann@example.net", "eve@example.com"


class Story:
    """A scene that can be backed up and set back."""

    def __init__(self, open: Callable[[], Scene], folder: Path) -> None:
        self.open, self.file = open, folder / "backup"
        self.scene = open()

    def backup(self) -> None:
        Copies(self.scene.service.database, QUIET).backup(self.file)

    def restore(self) -> Any:
        """A new bridge on the backup; the receiver and the remote remember everything."""
        heard = self.scene.receiver
        done = Copies(self.scene.service.database, QUIET).restore(self.file)
        self.scene.close()
        self.scene = self.open()
        self.scene.receiver.callbacks = heard.callbacks
        return done

    def command(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.scene.path), *words])


@pytest.fixture
def story(
    store: str,
    new_database: Callable[[str], str],
    simulator: Simulator,
    clock: Clock,
    tmp_path: Path,
) -> Iterator[Callable[..., Story]]:
    """On a database of its own, because a restore leaves the replaced one beside it."""
    simulator.control("/reset")
    clock.now = START.timestamp()
    furnish(simulator)
    add_domain(simulator, "example.net", pak=False)
    url = new_database(store)
    made: list[Story] = []

    def begin(**changes: Any) -> Story:
        made.append(Story(lambda: Scene(tmp_path, simulator, clock, url, **changes), tmp_path))
        return made[-1]

    yield begin
    for each in made:
        each.scene.close()


def test_every_account_is_paused_until_a_person_resumes_it_and_hooks_are_taken(
    story: Callable[..., Story],
) -> None:
    tale = story()
    tale.scene.do("create", password=PASSWORD)
    tale.backup()
    tale.restore()
    scene = tale.scene

    waiting = scene.hook("suspend")
    scene.work(3600)
    scene.periodic_tasks(3600)

    assert scene.job(waiting)["waiting_for"] == "account"
    assert (
        "enom-bridge resume account main" in tale.command("jobs", "explain", waiting["job"]).stdout
    )
    assert "Paused after a restore: " in tale.command("doctor").stdout
    assert "enom-bridge resume account main" in json.dumps(scene.receiver.notes)
    refused = tale.command("resume", "account", "main")
    assert refused.exit_code == 1 and "enom-bridge reconcile --account main" in refused.stderr
    assert scene.service.operator.by("ann").pause_account("main", "Enom is moving house")
    result = tale.command("resume", "account", "main")
    assert (
        result.exit_code == 1 and "still paused. The pause by an admin has ended." in result.stdout
    )
    assert "enom-bridge reconcile --account main" in result.stdout
    scene.work(3600)
    assert scene.job(waiting)["waiting_for"] == "account"
    scene.service.reconcile.account("main", "ann")
    result = tale.command("resume", "account", "main")
    assert result.exit_code == 0 and "The comparison of " in result.stdout
    scene.work(60)
    assert scene.job(waiting)["status"] == "succeeded"


def test_what_was_open_in_the_backup_is_held_and_never_done_by_itself(
    story: Callable[..., Story],
) -> None:
    tale = story()
    scene = tale.scene
    scene.do("create", password=PASSWORD)
    open_then = scene.hook("suspend", id="msg_late")
    tale.backup()
    scene.work(60)
    scene.do("unsuspend")  # the customer paid
    done = tale.restore()
    scene = tale.scene

    assert done.tamed.held == (open_then["job"],)
    go_on(scene)
    scene.work(3600)

    assert set((scene.mailbox() or {})["services"].values()) == {"enabled"}, (
        "the paying customer is left alone"
    )
    held = scene.job(open_then)
    assert (held["status"], held["error"]["code"], "restored_at" in held) == (
        "held",
        "unclear",
        True,
    )
    result = tale.command("jobs", "explain", open_then["job"]).stdout
    assert (
        f"enom-bridge jobs retry {open_then['job']}" in result
        and "replaced by newer ones" in result
    )
    again = scene.service.operator.retry(open_then["job"])
    scene.work(60)
    assert scene.job({"job": again.job})["status"] == "succeeded"


@sqlite
def test_a_mailbox_that_has_another_owner_by_now_is_not_deleted_for_the_old_one(
    story: Callable[..., Story],
) -> None:
    tale = story(safety__terminate_grace_days=3)
    scene = tale.scene
    scene.do("create", password=PASSWORD)
    scene.do("terminate")
    scene.do("create", address=EVE, service_id="11", password=PASSWORD)
    scene.hook("terminate", address=EVE, service_id="11")
    tale.backup()
    scene.work(60)
    for address, service in ((JOHN, "7"), (EVE, "11")):  # both came back
        scene.do("create", address=address, service_id=service, password=PASSWORD)
    done = tale.restore()
    scene = tale.scene

    assert done.tamed.called_off == (JOHN,)
    go_on(scene)
    for _ in range(10):
        scene.periodic_tasks(86400)
        scene.work(60)

    assert scene.mailbox(JOHN) and scene.mailbox(EVE)
    assert not [call for call in scene.calls("DeletePOP3", "delete_user")]


def test_what_was_bought_since_the_backup_is_not_bought_again(story: Callable[..., Story]) -> None:
    tale = story(account__purchase="paks")
    tale.backup()
    scene = tale.scene
    scene.sim.control("/settings", {"stale_seconds": 15.0})
    scene.do("create", id="msg_bought", address=ANN, service_id="8", password=PASSWORD)
    assert len(scene.orders) == 1
    tale.restore()
    scene = tale.scene
    with pytest.raises(NotPossible, match="wait for the first hook"):
        go_on(scene)  # the backup knew no domain, so there is nothing to compare
    hook = scene.hook("create", id="msg_bought", address=ANN, service_id="8", password=PASSWORD)
    go_on(scene)  # at once: Enom's reads may still show the time before
    scene.work(600)

    again = scene.job(hook)
    assert len(scene.orders) == 1
    assert (again["status"], again["error"]["code"]) == (
        "failed",
        "not_ours",
    )  # until a person adopts it


def test_a_person_who_pauses_a_restored_account_and_resumes_it_buys_nothing_twice(
    story: Callable[..., Story],
) -> None:
    tale = story(account__purchase="paks")
    tale.backup()
    scene = tale.scene
    scene.sim.control("/settings", {"stale_seconds": 15.0})
    scene.do("create", id="msg_bought", address=ANN, service_id="8", password=PASSWORD)
    tale.restore()
    scene = tale.scene
    scene.service.operator.pause_account("main", "while I look")
    scene.service.operator.resume_account("main")
    scene.service.operator.by("ann").reconcile_soon("main")

    waiting = scene.hook("create", id="msg_bought", address=ANN, service_id="8", password=PASSWORD)
    scene.work(600)

    assert len(scene.orders) == 1
    assert scene.job(waiting)["waiting_for"] == "account"


@sqlite
def test_a_purchase_that_was_open_in_the_backup_holds_the_domain_until_a_person_has_looked(
    story: Callable[..., Story],
) -> None:
    tale = story(account__purchase="paks")
    scene = tale.scene

    def stop(point: str) -> None:
        if point == "intent-committed":
            tale.backup()

    scene.engine.worker.checkpoint = stop
    receipt = scene.hook("create", address=ANN, service_id="8", password=PASSWORD)
    scene.work(60)
    scene.engine.worker.checkpoint = lambda point: None
    assert len(scene.orders) == 1
    tale.restore()
    scene = tale.scene
    go_on(scene)

    other = scene.hook("create", address="amy@example.net", service_id="9", password=PASSWORD)
    scene.work(3600)

    assert len(scene.orders) == 1
    assert scene.job(receipt)["status"] == "held"
    assert scene.job(other)["status"] == "succeeded"  # the pak that was bought has a place


@sqlite
def test_callbacks_go_on_above_everything_that_was_told_before(story: Callable[..., Story]) -> None:
    tale = story()
    scene = tale.scene
    scene.do("create", password=PASSWORD)
    tale.backup()
    for action in ("suspend", "unsuspend"):
        scene.do(action)
    scene.do("create", address=EVE, service_id="11", password=PASSWORD)
    scene.call_back(60)
    last = {call["data"]["address"]: call["data"]["sequence"] for call in scene.receiver.callbacks}
    assert last == {JOHN: 3, EVE: 1}
    tale.restore()
    tale.restore()  # and once more, of the same backup
    scene = tale.scene
    go_on(scene)
    result = len(scene.receiver.callbacks)

    scene.do("suspend")
    scene.do("create", address=EVE, service_id="12", password=PASSWORD)  # its row is lost
    scene.do("unsuspend")
    scene.call_back(60)

    new = [
        (call["data"]["address"], call["data"]["sequence"])
        for call in scene.receiver.callbacks[result:]
    ]
    johns = [sequence for address, sequence in new if address == JOHN and sequence > 3]
    assert len(johns) == 2 and johns[1] == johns[0] + 1
    assert all(sequence > last[address] for address, sequence in new if sequence not in (1, 2, 3))
    assert [sequence for address, sequence in new if address == EVE][-1] > 1_000_000


@sqlite
def test_a_password_from_before_the_backup_is_set_and_not_believed_to_be_set_still(
    story: Callable[..., Story],
) -> None:
    tale = story()
    scene = tale.scene
    scene.do("create", password=PASSWORD)
    tale.backup()
    scene.do("change_password", password="Planted-Since.1")
    tale.restore()
    scene = tale.scene
    go_on(scene)

    scene.do("change_password", password=PASSWORD)

    assert (scene.mailbox() or {})["password"] == PASSWORD


def test_what_was_replaced_is_kept_and_can_be_put_back(
    story: Callable[..., Story], store: str
) -> None:
    tale = story()
    tale.backup()
    tale.scene.do("create", password=PASSWORD)
    done = tale.restore()
    assert tale.scene.service.lookup.page("jobs", None) == ([], None)

    if store == "sqlite":
        kept = sqlite3.connect(done.kept)
        assert kept.execute("SELECT status FROM jobs").fetchall() == [("succeeded",)]
        kept.close()
    else:
        with tale.scene.service.database.read() as tx:
            schema = done.kept.removeprefix("schema ")
            assert tx.exec_driver_sql(f"SELECT status FROM {schema}.jobs").fetchall() == [
                ("succeeded",)
            ]


def test_a_database_that_was_set_back_by_other_means_is_tamed_in_place(
    story: Callable[..., Story],
) -> None:
    tale = story()
    receipt = tale.scene.hook("create", password=PASSWORD)

    result = json.loads(tale.command("db", "restore", "--in-place", "--json").stdout)

    assert (result["held"], result["paused"], result["kept"]) == ([receipt["job"]], ["main"], None)
    assert tale.scene.service.account_state.account_paused("main") == "restored"


def test_beside_a_worker_nothing_is_restored(story: Callable[..., Story]) -> None:
    tale = story()
    tale.backup()
    tale.scene.do("create", password=PASSWORD)
    tale.scene.engine.beat()
    with pytest.raises(NotPossible, match="Stop it first"):
        Copies(tale.scene.service.database, QUIET).restore(tale.file)
    assert len(tale.scene.service.lookup.page("jobs", None)[0]) == 1


def test_a_backup_that_cannot_be_loaded_changes_nothing(
    story: Callable[..., Story], store: str
) -> None:
    tale = story()
    tale.backup()
    tale.scene.do("create", password=PASSWORD)
    whole = tale.file.read_bytes()
    for broken in (b"no backup at all", whole[: len(whole) // 2], b""):
        tale.file.write_bytes(broken)
        with pytest.raises(NotPossible, match="Nothing was changed"):
            Copies(tale.scene.service.database, QUIET).restore(tale.file)
        assert len(tale.scene.service.lookup.page("jobs", None)[0]) == 1
    assert tale.scene.do("suspend")["status"] == "succeeded"
