"""A database that is taken away while a bridge runs: nothing is accepted that nobody would ever
see again."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.sim import Simulator
from tests.cli.test_broken_output import Serving
from tests.support.billing import Billing, until
from tests.support.bridge import furnish, write_config
from tests.support.forked import Forked


class House(Serving):
    """A bridge in a folder of its own, with one mailbox made."""

    def __init__(self, folder: Path, sim: Simulator, billing: Billing) -> None:
        super().__init__(folder, sim, billing)
        self.folder, self.sim = folder, sim
        self.data = folder / "data"
        self.data.mkdir()
        self.file = self.data / "bridge.sqlite3"
        listen = {"bridge__listen": f"127.0.0.1:{self.port}", "bridge__metrics_listen": ""}
        database = f"sqlite:///{self.file}"
        self.path = write_config(folder, sim, database, billing.url, account__settle=1, **listen)
        self.log = folder / "bridge.log"

    def run_on(self) -> "House":
        self.process = self.forked("serve")
        self.until_it_answers()
        until(lambda: self.ready()[0] == 200)
        return self

    def ready(self) -> tuple[int, str]:
        answer = requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10)
        return answer.status_code, " ".join(answer.json()["reasons"])

    def hook(self, number: int, type: str = "mailbox.suspend") -> int:
        box = f"box{number}@example.com"
        hooks = f"http://127.0.0.1:{self.port}/hooks/shop"
        return self.billing.send(
            hooks, type, id=f"msg_{number}", address=box, service_id=str(number)
        ).status_code

    def hooks(self) -> set[str]:
        """Those in the file that stands at the path now."""
        with closing(sqlite3.connect(self.file)) as connection:
            return {row[0] for row in connection.execute("SELECT hook_id FROM hooks")}

    def forked(self, *arguments: str) -> Forked:
        return Forked(["--config", str(self.path), *arguments], self.log)

    def command(self, *arguments: str) -> Result:
        """Run beside the bridge: this process is another than the bridge's."""
        return CliRunner().invoke(main, ["--config", str(self.path), *arguments])


@pytest.fixture
def house(tmp_path: Path, migrated: Path) -> Iterator[House]:
    with Simulator(seed=1) as sim:
        furnish(sim)
        billing = Billing()
        house = House(tmp_path, sim, billing)
        shutil.copy(migrated, house.file)
        try:
            yield house
        finally:
            if house.process:
                house.process.kill()
                house.process.wait(60)
            billing.close()


def removed(house: House) -> None:
    for file in house.data.glob("bridge.sqlite3*"):
        file.unlink()


def moved(house: House) -> None:
    house.file.rename(house.folder / "elsewhere")


def folder_moved(house: House) -> None:
    house.data.rename(house.folder / "elsewhere")


def replaced(house: House) -> None:
    other = house.folder / "other"
    other.write_bytes(house.file.read_bytes())
    other.replace(house.file)


def folder_replaced(house: House) -> None:
    """As an unmounted volume leaves the empty folder below it."""
    folder_moved(house)
    house.data.mkdir()


def wal_removed(house: House) -> None:
    (house.data / "bridge.sqlite3-wal").unlink()


def shm_removed(house: House) -> None:
    (house.data / "bridge.sqlite3-shm").unlink()


@pytest.mark.parametrize(
    "away",
    [removed, moved, folder_moved, replaced, folder_replaced, wal_removed, shm_removed],
    ids=lambda each: each.__name__,
)
def test_nothing_is_accepted_into_a_file_that_nobody_finds_again(
    house: House, away: Callable[[House], None]
) -> None:
    house.run_on()
    assert house.hook(1) == 202

    away(house)

    assert house.hook(2) == 503
    status, reasons = house.ready()
    assert status == 503 and "while the bridge runs" in reasons
    assert str(house.folder) not in reasons, "a stranger learns no path"
    assert (
        "nothing was accepted"
        in house.billing.send(
            f"http://127.0.0.1:{house.port}/hooks/shop",
            "mailbox.suspend",
            address="a@example.com",
            service_id="9",
        ).text
    )
    until(lambda: "while the bridge runs" in house.log.read_text())
    doctor = house.command("doctor")
    assert doctor.exit_code == 1 and "while the bridge runs" in doctor.stdout, doctor.stdout
    assert not list(house.data.glob("bridge.sqlite3")) or house.file.stat().st_size > 0, (
        "nothing is made anew by looking"
    )


@pytest.mark.parametrize(
    "away", [moved, folder_moved, folder_replaced], ids=lambda each: each.__name__
)
def test_it_goes_on_by_itself_when_the_file_is_back(
    house: House, away: Callable[[House], None]
) -> None:
    house.run_on()
    assert house.hook(1) == 202
    away(house)
    assert house.hook(2) == 503

    elsewhere = house.folder / "elsewhere"
    if away is folder_replaced:
        house.data.rmdir()
    elsewhere.rename(house.file if away is moved else house.data)

    assert house.hook(2) == 202
    until(lambda: house.ready()[0] == 200)
    assert house.stop() == 0
    assert {"msg_1", "msg_2"} <= house.hooks()


@pytest.mark.parametrize("away", [removed, replaced], ids=lambda each: each.__name__)
def test_a_stop_keeps_what_a_removed_file_holds(
    house: House, away: Callable[[House], None]
) -> None:
    house.run_on()
    assert house.hook(1) == 202
    away(house)
    assert house.hook(2) == 503

    assert house.stop() == 1
    saved = list(house.data.glob("bridge.sqlite3.saved-*"))
    assert len(saved) == 1 and saved[0].stat().st_mode & 0o777 == 0o600
    assert str(saved[0]) in house.log.read_text()
    removed_files = [
        house.file.with_name(f"{house.file.name}{end}") for end in ("", "-wal", "-shm")
    ]
    for file in removed_files:
        file.unlink(missing_ok=True)
    saved[0].rename(house.file)
    assert house.run_on().hook(2) == 202
    assert {"msg_1", "msg_2"} <= house.hooks()


def test_a_stop_loses_nothing_of_a_log_that_was_removed(house: House) -> None:
    house.run_on()
    for number in range(20):
        assert house.hook(number) == 202
    wal_removed(house)
    assert house.hook(20) == 503

    assert house.stop() == 0

    assert {f"msg_{number}" for number in range(20)} <= house.hooks()
    assert house.run_on().hook(20) == 202


def test_a_database_that_is_made_anew_is_said_loudly(house: House) -> None:
    house.file.unlink()
    house.run_on()
    assert house.stop() == 0
    first = house.log.read_text()
    assert (
        "WARNING creating a new, empty database, in case you "
        "expected data here: stop and find the old one"
    ) in first
    assert house.run_on().stop() == 0
    assert house.log.read_text().count("a new, empty database") == 1, "only where it is one"
    house.file.unlink()
    doctor = house.command("doctor")
    assert doctor.exit_code == 1 and "is missing, but a bridge has used it" in doctor.stdout, (
        doctor.stdout
    )

    assert house.run_on().stop() == 0

    assert (
        "ERROR   creating a new, empty database, but a bridge had one here before"
        in house.log.read_text()
    )


def test_doctor_finds_a_bridge_that_works_on_another_database(house: House) -> None:
    house.run_on()
    assert "A bridge answers on" in house.command("doctor").stdout
    house.path.write_text(house.path.read_text().replace("bridge.sqlite3", "other.sqlite3"))
    missing = house.command("doctor")
    assert missing.exit_code == 1 and "is missing, but a bridge answers" in missing.stdout, (
        missing.stdout
    )
    assert not (house.data / "other.sqlite3").exists()
    assert house.command("db", "upgrade").exit_code == 0

    other = house.command("doctor")

    assert other.exit_code == 1 and "uses another database" in other.stdout, other.stdout


def test_a_second_bridge_on_one_file_refuses_and_a_kill_frees_it(house: House) -> None:
    house.run_on()
    assert house.process
    before = len(house.log.read_text())
    second = house.forked("serve", "--port", "0", "--metrics-listen", "")
    assert second.wait(60) == 1
    assert (
        f"Error: Another bridge already serves {house.file} (pid {house.process.pid} on "
        in house.log.read_text()[before:]
    )
    assert house.command("jobs", "list").exit_code == 0, "the command line works beside it"
    house.process.send_signal(signal.SIGHUP)
    until(lambda: "reloaded" in house.log.read_text())
    assert house.hook(1) == 202

    house.process.kill()
    house.process.wait(60)

    assert house.run_on().hook(2) == 202
    assert house.stop() == 0


def test_a_lock_that_another_user_left_locked_away_is_no_reason_to_stand_still(
    house: House,
) -> None:
    (house.data / "bridge.sqlite3.lock").mkdir()  # as bad as it gets: it cannot be opened
    assert house.run_on().hook(1) == 202
    assert os.listdir(house.data / "bridge.sqlite3.lock") == []
    assert house.stop() == 0
