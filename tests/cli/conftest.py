"""A bridge that runs beside the commands: they meet it in the database, as an admin's do."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.infra import logs, masking
from bridge.sim import Simulator
from tests.support.billing import Billing
from tests.support.bridge import PASSWORD, Running, furnish, write_config


class House:
    """Simulator, billing side, configuration; `running` once `start` was called."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.folder, self.sim = folder, sim
        self.billing = Billing()
        self.running: Running | None = None
        self.configure()

    def configure(self, **changes: Any) -> None:
        self.path = write_config(self.folder, self.sim, callback=self.billing.url, **changes)

    def start(self, work: bool = True) -> "House":
        self.stop()
        self.running = Running(self.path, work=work)
        return self

    def stop(self) -> None:
        if self.running:
            self.running.close()
        self.running = None

    def send(
        self, type: str, address: str | None = "ann@example.com", service_id: str = "7", **more: Any
    ) -> dict[str, Any]:
        """A signed hook; its receipt, at its end where the bridge works.

        A create brings a password.
        """
        assert self.running
        if type == "mailbox.create":
            more = {"password": PASSWORD, **more}
        wait = 20 if self.running.working else None
        answer = self.billing.send(
            self.running.hooks, type, wait=wait, address=address, service_id=service_id, **more
        )
        result: dict[str, Any] = answer.json()
        return result

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["--config", str(self.path), *arguments])

    def ok(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def refused(self, *arguments: str, code: int = 1) -> str:
        result = self.run(*arguments)
        assert result.exit_code == code, result.output
        return result.stderr


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(masking, "_registered", set())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    logs.configure("text", io.StringIO())  # what the bridge beside the commands says is not theirs
    with Simulator(seed=1) as sim:
        furnish(sim)
        house = House(tmp_path, sim)
        try:
            yield house
        finally:
            house.stop()
            house.billing.close()
            root.handlers = handlers
            root.setLevel(level)
            structlog.reset_defaults()
