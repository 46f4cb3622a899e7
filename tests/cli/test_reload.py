"""SIGHUP: a changed configuration takes over while hooks come in, and a faulty one changes
nothing."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.sim import Simulator
from tests.support.billing import Billing, until
from tests.support.bridge import PASSWORD, furnish, write_config

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error::ResourceWarning"}


class Daemon:
    """`enom-bridge serve` in a process of its own, as systemd starts it."""

    def __init__(
        self, folder: Path, sim: Simulator, billing: Billing, terminal: int | None = None
    ) -> None:
        self.folder, self.sim, self.billing = folder, sim, billing
        self.log = folder / "bridge.log"
        self.port = free_port()
        self.configure()
        command = [
            str(Path(sys.executable).with_name("enom-bridge")),
            "--config",
            str(self.path),
            "serve",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL if terminal is None else terminal, stdout=log, stderr=log, env=ENVIRONMENT,
                cwd=Path(__file__).parents[2], start_new_session=True,
            )  # fmt: skip
        self.wait_for("ready")

    def configure(self, **changes: Any) -> None:
        given = {
            "bridge__listen": f"127.0.0.1:{self.port}",
            "account__settle": 1,
            "account__max_in_flight": 8,
            **changes,
        }
        self.path = write_config(self.folder, self.sim, callback=self.billing.url, **given)

    def said(self, words: str) -> int:
        return len(re.findall(words, self.log.read_text()))

    def wait_for(self, words: str, times: int = 1) -> None:
        until(
            lambda: self.said(words) >= times or self.process.poll() is not None,
            why=self.log.read_text,
        )
        assert self.process.poll() is None, self.log.read_text()

    def reload(self) -> None:
        before = self.said(r"[ \"](not )?reloaded")
        self.process.send_signal(signal.SIGHUP)
        self.wait_for(r"[ \"](not )?reloaded", before + 1)

    def send(self, type: str, **more: Any) -> requests.Response:
        return self.billing.send(
            f"http://127.0.0.1:{self.port}/hooks/shop", f"mailbox.{type}", **more
        )

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    with Simulator(seed=1) as sim:
        furnish(sim)
        billing = Billing()
        made = Daemon(tmp_path, sim, billing)
        try:
            yield made
        finally:
            made.process.kill()
            made.process.wait(60)
            billing.close()


def test_no_hook_is_lost_or_refused_while_the_configuration_changes(daemon: Daemon) -> None:
    assert (
        daemon.send(
            "create", address="ann@example.com", service_id="1", password=PASSWORD, wait=20
        ).status_code
        == 200
    )
    answers: list[int | str] = []
    stopped = threading.Event()

    def stream(number: int) -> None:
        """Each on a connection of its own, as billing systems send."""
        while not stopped.is_set():
            verb = ("suspend", "unsuspend")[len(answers) % 2]
            try:
                more: dict[str, Any] = {"wait": 3} if number == 0 else {}
                answers.append(
                    daemon.send(verb, address="ann@example.com", service_id="1", **more).status_code
                )
            except requests.RequestException as error:
                answers.append(repr(error))

    def answered_beyond(count: int) -> None:
        until(lambda: len(answers) > count)

    senders = [threading.Thread(target=stream, args=(number,)) for number in range(3)]
    for sender in senders:
        sender.start()
    try:
        for size in range(4):
            daemon.configure(**{"plans.extra__quota_gb": size + 2, "worker__concurrency": size + 1})
            daemon.reload()
            answered_beyond(len(answers) + 2)  # hooks come between the reloads
    finally:
        stopped.set()
        for sender in senders:
            sender.join()
    assert set(answers) <= {200, 202}, answers
    assert len(answers) > 10
    result = daemon.billing.wait_for(1 + len(answers) // 2)
    assert daemon.send(
        "change_plan", address="ann@example.com", service_id="1", plan="extra", wait=20
    ).json()["status"] == ("succeeded"), "the newest configuration is in force"
    box = daemon.sim.control("/state")["domains"]["example.com"]["mailboxes"]["ann@example.com"]
    assert box["quota_bytes"] == 5 << 30
    assert result and daemon.said(r" ERROR ") == 0
    assert daemon.stop() == 0


def test_a_faulty_configuration_is_told_whole_and_changes_nothing(daemon: Daemon) -> None:
    good = daemon.path.read_text()
    daemon.path.write_text(good.replace("settle = 1\n", "settle = -1\nwrong = 1\n"))
    daemon.reload()
    assert daemon.said("accounts.main.settle") == 1 and daemon.said("accounts.main.wrong") == 1
    assert daemon.said("not reloaded: the previous configuration stays active") == 1
    answer = daemon.send(
        "create", address="ann@example.com", service_id="1", password=PASSWORD, wait=20
    )
    assert answer.json()["status"] == "succeeded"
    daemon.path.write_text("not toml")
    daemon.reload()
    daemon.path.write_text(good)
    daemon.reload()
    assert daemon.said(" reloaded") - daemon.said("not reloaded") == 1


def test_what_takes_a_restart_is_said_and_stays(daemon: Daemon) -> None:
    daemon.configure(
        bridge__listen="127.0.0.1:1",
        bridge__database="sqlite:///other.sqlite3",
        bridge__log_format="json",
    )
    daemon.reload()
    assert daemon.said("this change needs a restart.*bridge.listen") == 1
    assert daemon.said("this change needs a restart.*bridge.database") == 1
    assert daemon.said('"event": "reloaded"') == 1, "the form of the log may change"
    assert (
        daemon.send(
            "create", address="ann@example.com", service_id="1", password=PASSWORD
        ).status_code
        == 202
    )
    assert not (daemon.folder / "other.sqlite3").exists()


def test_a_source_that_was_added_is_known_and_one_that_was_removed_is_a_stranger(
    daemon: Daemon,
) -> None:
    other = "whsec_" + "YW5vdGhlci1zZWNyZXQtb2YtMzItYnl0ZXMtZm9yLWl0"
    daemon.configure(
        **{
            "sources.till__account": "main",
            "sources.till__platform": "standard",
            "sources.till__secrets": [other],
        },
        **{"sources.till__domains": ["example.net"]},
        source__domains=["example.com"],
    )
    daemon.reload()
    till = Billing(other)
    try:
        url = f"http://127.0.0.1:{daemon.port}/hooks/till"
        assert (
            till.send(url, "mailbox.suspend", address="ann@example.net", service_id="1").status_code
            == 202
        )
        daemon.configure()
        daemon.reload()
        assert (
            till.send(url, "mailbox.suspend", address="ann@example.net", service_id="1").status_code
            == 401
        )
    finally:
        till.close()


def test_a_terminal_that_is_closed_ends_it(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with Simulator(seed=1) as sim:
        furnish(sim)
        billing = Billing()
        daemon = Daemon(tmp_path, sim, billing, theirs)
        try:
            daemon.reload()
            os.close(theirs)
            os.close(ours)
            daemon.process.send_signal(signal.SIGHUP)
            assert daemon.process.wait(60) == 0
        finally:
            daemon.process.kill()
            daemon.process.wait(60)
            billing.close()
