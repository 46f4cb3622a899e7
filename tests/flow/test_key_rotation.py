"""A change of key while the bridge is in use: nothing becomes unreadable, and what is lost
without the old key is said."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.store.base import tables
from tests.support.bridge import KEY, PASSWORD
from tests.support.scene import Open, Scene

SECOND = "c2Vjb25kLWtleS1vZi10aGUtdGVzdHMtMzItYnl0ZXM="
THIRD = "dGhpcmQta2V5LW9mLXRoZS10ZXN0cy1pcy0zMi1iLjM="
DAY = 86400.0


def command(scene: Scene, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(scene.path), *words])


def rotate(scene: Scene, code: int = 0) -> dict[str, Any]:
    result = command(scene, "keys", "rotate", "--json")
    assert result.exit_code == code, result.output
    reported: dict[str, Any] = json.loads(result.stdout)
    return reported


@pytest.fixture
def under(open_scene: Open) -> Callable[..., Scene]:
    """The same bridge, started again with these keys."""
    return lambda *keys: open_scene(bridge__keys=list(keys))


def leave_something_of_everything(scene: Scene, number: int) -> dict[str, Any]:
    """A waiting password and a parked hook; the receipt of the one that waits."""
    address, service = f"box{number}@example.com", str(number)
    scene.send(
        "mailbox.create",
        id=f"msg_parked{number}",
        address=address,
        service_id=service,
        password="one two",
    )
    return scene.hook(
        "change_password",
        id=f"msg_{number}",
        address=address,
        service_id=service,
        password=f"Planted-New.{number}",
    )


def test_after_two_changes_of_key_the_oldest_can_go_and_everything_still_works(
    under: Callable[..., Scene],
) -> None:
    scene = under(KEY)
    for number in (1, 2, 3):
        scene.do(
            "create", address=f"box{number}@example.com", service_id=str(number), password=PASSWORD
        )
    waiting = [leave_something_of_everything(scene, 1)]
    waiting.append(leave_something_of_everything(under(KEY, SECOND), 2))
    scene = under(KEY, SECOND, THIRD)
    waiting.append(leave_something_of_everything(scene, 3))

    reported = rotate(scene)

    assert reported["passwords"] == {"newest": 1, "older": 2, "lost": []}
    assert reported["parked_hooks"] == {"newest": 1, "older": 2, "lost": []}
    assert (reported["hooks_newest"], reported["hooks_older"], reported["passwords_older"]) == (
        2,
        7,
        3,
    )
    assert rotate(scene)["passwords"] == {"newest": 3, "older": 0, "lost": []}
    scene = under(THIRD)
    scene.work(60)
    assert [scene.job(receipt)["status"] for receipt in waiting] == ["succeeded"] * 3
    for number in (1, 2, 3):
        assert (scene.mailbox(f"box{number}@example.com") or {})[
            "password"
        ] == f"Planted-New.{number}"
        shown = json.loads(command(scene, "replay", f"msg_parked{number}", "--json").stdout)
        assert (
            "wiped" not in json.dumps(shown)
            and "no configured key" not in json.dumps(shown).lower()
        )


def test_a_repeated_hook_is_known_while_its_key_is_there_and_said_to_be_unknowable_afterwards(
    under: Callable[..., Scene],
) -> None:
    scene = under(KEY)
    scene.do("suspend", id="msg_old", address="none@example.com")
    scene = under(KEY, SECOND)
    assert (
        scene.send("mailbox.suspend", id="msg_old", address="none@example.com").status_code == 200
    )
    assert (
        scene.send("mailbox.suspend", id="msg_old", address="else@example.com").status_code == 409
    )
    reported = rotate(scene)
    assert reported["hooks_older"] == 1
    until = reported["older_needed_until"]

    scene = under(SECOND)

    answer = scene.send("mailbox.suspend", id="msg_old", address="none@example.com")
    assert (answer.status_code, "removed from bridge.keys" in answer.text) == (409, True)
    reported = rotate(scene)
    assert (reported["hooks_gone"], reported["gone_until"], reported["older_needed_until"]) == (
        1,
        until,
        None,
    )
    assert "answered 409" in command(scene, "keys", "rotate").stdout
    assert "put it back at the beginning of bridge.keys" in command(scene, "doctor").stdout


def test_once_the_old_hooks_are_pruned_the_old_key_is_said_to_be_needless(
    under: Callable[..., Scene],
) -> None:
    scene = under(KEY)
    scene.do("suspend", address="none@example.com")
    scene.call_back()
    scene = under(KEY, SECOND)
    assert "Keep the older keys" in command(scene, "keys", "rotate").stdout
    scene.clock.now += 90 * DAY + 60
    scene.engine.background.retention.prune()

    assert "remove them from bridge.keys" in command(scene, "keys", "rotate").stdout
    assert "remove them from bridge.keys" in command(scene, "doctor").stdout


def test_the_same_password_is_known_under_an_older_key_and_set_once_more_when_it_is_gone(
    under: Callable[..., Scene],
) -> None:
    under(KEY).do("create", password=PASSWORD)
    assert under(KEY, SECOND).do("create", password=PASSWORD)["changed"] is False
    scene = under(SECOND)
    assert rotate(scene)["passwords_gone"] == 1
    assert scene.do("create", password=PASSWORD)["changed"] is True
    assert scene.do("create", password=PASSWORD)["changed"] is False
    assert rotate(scene)["passwords_gone"] == 0


def test_what_no_key_opens_is_named_and_left_as_it_is(under: Callable[..., Scene]) -> None:
    leave_something_of_everything(under(KEY), 1)
    scene = under(SECOND, THIRD)
    before = sealed(scene)

    reported = rotate(scene, code=1)

    assert (
        reported["parked_hooks"]["lost"] == ["msg_parked1"]
        and len(reported["passwords"]["lost"]) == 1
    )
    assert sealed(scene) == before
    assert "cannot be decrypted" in command(scene, "doctor").stdout
    assert rotate(under(KEY, SECOND, THIRD))["passwords"]["older"] == 1


def test_beside_a_worker_that_does_not_know_the_newest_key_nothing_is_written(
    under: Callable[..., Scene],
) -> None:
    old = under(KEY)
    leave_something_of_everything(old, 1)
    old.engine.beat()
    new = under(KEY, SECOND)
    before = sealed(new)
    # The commands read the real clock; the worker's heartbeat stands on the simulator's.
    with new.service.database.write() as tx:
        tx.execute(sa.update(tables.workers).values(seen_at=9e9))

    result = command(new, "keys", "rotate")

    assert (
        result.exit_code == 1
        and "Restart it" in result.stderr
        and old.engine.owner in result.stderr
    )
    assert sealed(new) == before
    old.engine.queue.release(old.engine.owner)
    assert rotate(new)["passwords"]["older"] == 1


def test_a_password_that_is_wiped_meanwhile_stays_wiped(under: Callable[..., Scene]) -> None:
    leave_something_of_everything(under(KEY), 1)
    scene = under(KEY, SECOND)
    rotation = wiped_while_reading(scene)

    assert rotation.rotate()["passwords"].older == 0
    assert sealed(scene)["jobs"] == []


def wiped_while_reading(scene: Scene) -> Any:
    from bridge.store import Rotation

    rotation = Rotation(scene.service.database, scene.service.sealer, 90)
    rows = rotation._rows

    def slow(table: sa.Table) -> Any:
        found = list(rows(table))
        with scene.service.database.write() as tx:
            tx.execute(sa.update(tables.jobs).values(sealed=None))
        yield from found

    rotation._rows = slow  # type: ignore[method-assign]
    return rotation


def sealed(scene: Scene) -> dict[str, list[str]]:
    with scene.service.database.read() as tx:
        kept = {
            table.name: sa.select(table.c.sealed).where(table.c.sealed.is_not(None))
            for table in (tables.jobs, tables.hooks)
        }
        return {name: sorted(tx.scalars(query)) for name, query in kept.items()}
