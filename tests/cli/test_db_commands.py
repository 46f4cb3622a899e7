"""`db backup` and `db restore` as an admin gives them, beside a bridge that runs, and on a disk
that is full."""

import io
import os
import resource
import socket
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bridge import config, store
from bridge.cli.serve import opened, tell_paused
from bridge.infra import logs
from tests.cli.conftest import House
from tests.support.bridge import PASSWORD, TOKEN

PROGRAM = "from bridge.cli import main; main()"


def test_a_backup_of_a_bridge_that_runs_and_back_again(house: House, tmp_path: Path) -> None:
    house.start()
    house.send("mailbox.create")
    file = tmp_path / "backup"

    reported = house.ok("db", "backup", str(file))

    assert "Backup written and checked" in reported and "Do not store it with the keys" in reported
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "already exists" in house.refused("db", "backup", str(file))
    assert "Stop it first" in house.refused("db", "restore", str(file))
    house.send("mailbox.suspend")
    house.stop()

    reported = house.ok("db", "restore", str(file))

    assert (
        "is kept: " in reported
        and "Paused: main." in reported
        and "enom-bridge resume account main" in reported
    )
    assert [job["action"] for job in house.json("jobs", "list")["items"]] == ["mailbox.create"]
    house.start(work=False)
    assert house.send("mailbox.unsuspend")["waiting_for"] == "account"


def test_the_log_of_the_start_after_a_restore_names_both_commands_in_order(
    house: House, tmp_path: Path
) -> None:
    """A resume alone is refused until the account was compared."""
    house.ok("db", "upgrade")
    house.ok("pause", "account", "main")
    house.ok("db", "backup", str(tmp_path / "backup"))
    house.ok("db", "restore", str(tmp_path / "backup"))
    said = io.StringIO()
    logs.configure("text", said)

    with opened(config.load(house.path, {})) as service:
        tell_paused(service)

    restored, person = sorted(said.getvalue().splitlines(), key=lambda line: "restored" not in line)
    assert (
        "then=enom-bridge reconcile --account main; then: enom-bridge resume account main "
        in restored
    )
    assert "then=enom-bridge resume account main " in person


def test_a_backup_that_knows_no_mailbox_leaves_nothing_to_compare_so_no_resume(
    house: House, tmp_path: Path
) -> None:
    house.configure(source__domains=["*"])
    house.ok("db", "upgrade")
    house.ok("db", "backup", str(tmp_path / "backup"))
    house.ok("db", "restore", str(tmp_path / "backup"))
    shown = house.ok("reconcile")
    assert "no domain is on record, so nothing was compared" in shown
    assert "No differences" not in shown
    assert "no domain of account main is on record" in house.refused("resume", "account", "main")
    house.configure(source__domains=["example.com"])
    assert "No differences." in house.ok("reconcile")
    assert "Account main resumed." in house.ok("resume", "account", "main")


def test_a_taken_port_names_the_options_that_give_another(house: House) -> None:
    house.ok("db", "upgrade")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = house.refused("serve", "--port", str(taken.getsockname()[1]))
    assert "choose other ports: --port, --metrics-listen" in said


def test_in_a_folder_backups_are_named_by_their_time_and_the_newest_are_kept(
    house: House, tmp_path: Path
) -> None:
    house.start(work=False)
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "enom-bridge-of-mine").write_text("no backup of this command")
    made = [Path(house.json("db", "backup", str(folder), "--keep", "2")["file"]) for _ in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == [
        made[1].name,
        made[2].name,
        "enom-bridge-of-mine",
    ]
    removed = house.json("db", "backup", str(folder), "--keep", "1")["removed"]
    assert removed == [str(made[1]), str(made[2])]
    assert "Removed: " in house.ok("db", "backup", str(folder), "--keep", "1")
    assert "needs an existing folder" in house.refused(
        "db", "backup", str(tmp_path / "none"), "--keep", "2", code=2
    )
    assert len(list(folder.iterdir())) == 2


def test_another_file_is_not_taken_for_a_backup(house: House, tmp_path: Path) -> None:
    house.start(work=False)
    house.stop()
    (tmp_path / "services.csv").write_text("service_id,address\n" * 200)
    refused = house.refused("db", "restore", str(tmp_path / "services.csv"))
    assert "services.csv is not a backup of enom-bridge. Nothing was changed." in refused


def test_as_json(house: House, tmp_path: Path) -> None:
    house.start(work=False)
    job = house.send("mailbox.create")["job"]
    house.stop()

    written = house.json("db", "backup", str(tmp_path / "backup"))
    done = house.json("db", "restore", str(tmp_path / "backup"))

    size = (tmp_path / "backup").stat().st_size
    assert written == {"file": str(tmp_path / "backup"), "bytes": size, "removed": []}
    assert (done["held"], done["paused"], done["called_off"]) == ([job], ["main"], [])
    assert Path(done["kept"]).exists() and done["newest_hook"].endswith("Z")


def test_what_is_wrong_is_said(house: House, tmp_path: Path) -> None:
    assert "`enom-bridge serve` creates it" in house.refused(
        "db", "backup", str(tmp_path / "backup")
    )
    house.start()
    house.stop()
    assert "There is no backup at" in house.refused("db", "restore", str(tmp_path / "none"))
    (tmp_path / "text").write_text("no database" * 100)
    assert "Nothing was changed" in house.refused("db", "restore", str(tmp_path / "text"))
    assert "--in-place" in house.refused("db", "restore", code=2)
    assert "--in-place" in house.refused(
        "db", "restore", str(tmp_path / "text"), "--in-place", code=2
    )


def test_a_full_disk_leaves_nothing_half(house: House, tmp_path: Path) -> None:
    house.start(work=False)
    for number in range(30):
        house.send("mailbox.create", f"box{number}@example.com", service_id=str(number))
    house.stop()
    target = tmp_path / "backups"
    target.mkdir()

    def full() -> None:  # no file grows beyond this, as on a disk without room
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, 1 << 14))

    command = [
        sys.executable,
        "-c",
        PROGRAM,
        "--config",
        str(house.path),
        "db",
        "backup",
        str(target / "backup"),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, preexec_fn=full, restore_signals=False
    )

    assert done.returncode == 1, done.stdout
    assert "could not be copied" in done.stderr and "Traceback" not in done.stderr
    assert list(target.iterdir()) == []


def test_no_secret_is_told_and_the_passwords_of_a_backup_are_encrypted(
    house: House, tmp_path: Path
) -> None:
    house.start(work=False)
    house.send("mailbox.create")
    reported = house.ok("db", "backup", str(tmp_path / "backup")) + house.ok(
        "db", "backup", str(tmp_path / "more"), "--json"
    )
    raw = (tmp_path / "backup").read_bytes()
    for secret in (PASSWORD, TOKEN):
        assert secret not in reported and secret.encode() not in raw


def test_a_start_after_a_restore_says_that_accounts_are_paused_and_what_to_do(house: House) -> None:
    house.start()
    house.stop()
    house.ok("db", "restore", "--in-place")
    command = [sys.executable, "-c", PROGRAM, "--config", str(house.path), "serve"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stderr
        lines = []
        for line in serving.stderr:
            lines.append(line)
            if "ready" in line:
                break
        serving.terminate()
        serving.stderr.read()
    assert any("resume account main" in line for line in lines), lines


LOOKS = [
    ("jobs", "list"),
    ("mailboxes", "list"),
    ("reconcile",),
    ("admin-link",),
    ("pause", "account", "main"),
    ("db", "check"),
]


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_before_the_first_start_no_command_makes_a_database(
    house: House, command: tuple[str, ...]
) -> None:
    """Given by root, it would belong to root, and the bridge's own user could not start."""
    result = house.run(*command)

    assert result.exit_code == 1
    assert (
        "bridge.sqlite3 does not exist yet. `enom-bridge serve` creates it, or: enom-bridge db upgrade"
        in result.output
    )
    assert [path.name for path in house.folder.iterdir() if "sqlite3" in path.name] == []


def test_a_database_that_was_there_is_not_made_anew_by_a_look(house: House) -> None:
    (house.folder / "bridge.sqlite3.lock").touch()  # of a `serve`

    reported = house.refused("jobs", "list")

    assert "is missing, but a bridge has used it. Put it back" in reported
    assert not (house.folder / "bridge.sqlite3").exists()


def test_what_is_made_is_given_to_the_owner_of_the_folder(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, tuple[int, int]] = {}
    monkeypatch.setattr(
        os, "chown", lambda path, uid, gid: given.update({Path(path).name: (uid, gid)})
    )  # only root may
    folder = house.folder / "var"
    folder.mkdir()
    file = folder / "bridge.sqlite3"
    house.configure(database=f"sqlite:///{file}")

    house.ok("db", "upgrade")
    with store.sole(file):
        pass

    owner = (folder.stat().st_uid, folder.stat().st_gid)
    assert given == {file.name: owner, f"{file.name}.lock": owner}


def test_a_file_of_another_user_is_told_with_its_owner(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.ok("db", "upgrade")
    file = house.folder / "bridge.sqlite3"
    file.write_bytes(b"")
    monkeypatch.setattr(sqlite3, "connect", unable)
    monkeypatch.setattr(os, "access", lambda *_: False)

    reported = house.refused("jobs", "list")

    owner = (
        f"belongs to {file.owner()}, so this user cannot write it. Give it to the bridge's user: "
        f"chown USER: {file}*"
    )
    assert f"unable to open database file. {file} {owner}" in reported
    assert owner in house.run("doctor").stdout


def unable(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("unable to open database file")


def test_an_older_schema_says_that_serve_mends_it(house: House) -> None:
    house.ok("db", "upgrade")
    with closing(sqlite3.connect(house.folder / "bridge.sqlite3")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")

    assert "start `enom-bridge serve`, which upgrades it" in house.refused("jobs", "list")
