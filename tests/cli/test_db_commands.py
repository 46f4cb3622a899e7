"""`db backup` and `db restore` as an admin gives them, beside a bridge that runs, and on a disk that is full."""

import resource
import stat
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import House
from tests.support.bridge import PASSWORD, TOKEN

PROGRAM = "from bridge.cli import main; main()"


def test_a_backup_of_a_bridge_that_runs_and_back_again(house: House, tmp_path: Path) -> None:
    house.start()
    house.send("mailbox.create")
    file = tmp_path / "backup"

    told = house.ok("db", "backup", str(file))

    assert "Written and checked" in told and "Keep it apart from the keys" in told
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "exists already" in house.refused("db", "backup", str(file))
    assert "Stop it first" in house.refused("db", "restore", str(file))
    house.send("mailbox.suspend")
    house.stop()

    told = house.ok("db", "restore", str(file))

    assert "is kept: " in told and "Paused: main." in told and "enom-bridge resume account main" in told
    assert [job["action"] for job in house.json("jobs", "list")["items"]] == ["mailbox.create"]
    house.start(work=False)
    assert house.send("mailbox.unsuspend")["waiting_for"] == "account"


def test_in_a_folder_backups_are_named_by_their_time_and_the_newest_are_kept(house: House, tmp_path: Path) -> None:
    house.start(work=False)
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "enom-bridge-of-mine").write_text("no backup of this command")
    made = [Path(house.json("db", "backup", str(folder), "--keep", "2")["file"]) for _ in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == [made[1].name, made[2].name, "enom-bridge-of-mine"]
    removed = house.json("db", "backup", str(folder), "--keep", "1")["removed"]
    assert removed == [str(made[1]), str(made[2])]
    assert "Removed: " in house.ok("db", "backup", str(folder), "--keep", "1")
    assert "needs a folder" in house.refused("db", "backup", str(tmp_path / "none"), "--keep", "2", code=2)
    assert len(list(folder.iterdir())) == 2


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
    assert "`enom-bridge serve` makes it" in house.refused("db", "backup", str(tmp_path / "backup"))
    house.start()
    house.stop()
    assert "There is no backup at" in house.refused("db", "restore", str(tmp_path / "none"))
    (tmp_path / "text").write_text("no database" * 100)
    assert "Nothing was changed" in house.refused("db", "restore", str(tmp_path / "text"))
    assert "--in-place" in house.refused("db", "restore", code=2)
    assert "--in-place" in house.refused("db", "restore", str(tmp_path / "text"), "--in-place", code=2)


def test_a_full_disk_leaves_nothing_half(house: House, tmp_path: Path) -> None:
    house.start(work=False)
    for number in range(30):
        house.send("mailbox.create", f"box{number}@example.com", service_id=str(number))
    house.stop()
    target = tmp_path / "backups"
    target.mkdir()

    def full() -> None:  # no file grows beyond this, as on a disk without room
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, 1 << 14))

    command = [sys.executable, "-c", PROGRAM, "--config", str(house.path), "db", "backup", str(target / "backup")]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=full, restore_signals=False)

    assert done.returncode == 1, done.stdout
    assert "could not be copied" in done.stderr and "Traceback" not in done.stderr
    assert list(target.iterdir()) == []


def test_no_secret_is_told_and_the_passwords_of_a_backup_are_encrypted(house: House, tmp_path: Path) -> None:
    house.start(work=False)
    house.send("mailbox.create")
    told = house.ok("db", "backup", str(tmp_path / "backup")) + house.ok("db", "backup", str(tmp_path / "more"), "--json")
    raw = (tmp_path / "backup").read_bytes()
    for secret in (PASSWORD, TOKEN):
        assert secret not in told and secret.encode() not in raw


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
