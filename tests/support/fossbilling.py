"""A FOSSBilling that is none: tests/fossbilling/standin with the plug-in unpacked over it, on
PHP's own web server.

A hosting company's events are methods. Each runs where it would at a hoster: in a web request of
staff, of a customer or of a payment gateway, and cron in a process of its own.
"""

import os
import shutil
import signal
import subprocess
import zipfile
from pathlib import Path
from typing import Any, Self

import requests

from tests.support.billing import until, until_free
from tests.support.postgres import free_port
from tests.support.whmcs import SETTINGS, environment

TREE = Path(__file__).parents[1] / "fossbilling" / "standin"
CALLBACK = "serviceenombridge/callback/1"
WORKERS = 6


class Fossbilling:
    """An installation under `folder`/fossbilling, served until `close`."""

    def __init__(self, folder: Path, plugin: Path) -> None:
        self.root = folder / "fossbilling"
        self.log = folder / "fossbilling.log"
        self.port = free_port()
        shutil.copytree(TREE, self.root)
        with zipfile.ZipFile(plugin) as archive:
            archive.extractall(self.root)
        self.start()
        self.call("install")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage(self) -> Path:
        return self.root / "storage"

    def start(self) -> None:
        self._server = self._serve()
        until(self._answers, 60, why=lambda: self.log.read_text()[-4000:])

    def _serve(self) -> subprocess.Popen[bytes]:
        """A shell holds it: when these tests end, also by kill -9, its pipe closes and the group
        goes with all workers."""
        php = f"php {SETTINGS} -S 127.0.0.1:{self.port} -t . router.php"
        with self.log.open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", f"{php} </dev/null & read x; kill -KILL 0"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.root,
                env={**environment(), "PHP_CLI_SERVER_WORKERS": str(WORKERS)},
                start_new_session=True,
            )

    def _answers(self) -> bool:
        try:
            return self._post("ping", {}, "").ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def close(self) -> None:
        """At once, as when the machine goes down. `start` serves the same data again."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(60)
        assert self._server.stdin is not None
        self._server.stdin.close()
        until_free(self.port)

    def _post(self, verb: str, values: dict[str, Any], who: str) -> requests.Response:
        with requests.Session() as web:  # one session is not for several threads
            web.trust_env = False
            return web.post(
                f"{self.url}/standin/{verb}", json=values, headers={"as": who}, timeout=600
            )

    def call(self, verb: str, who: str = "", **values: Any) -> dict[str, Any]:
        """In a web request. `who`: whose session it has, `admin`, `client` or nobody's."""
        answer = self._post(verb, values, who)
        assert answer.status_code == 200, f"{verb}: {answer.text[:2000]}"
        found: dict[str, Any] = answer.json() or {}
        return found

    # What happens

    def staff(self, action: str, order: int, **more: Any) -> str:
        """A button of the order's page; what FOSSBilling shows, "" for success."""
        return str(self.call("order", "admin", action=action, id=order, **more)["said"])

    def api(self, role: str, method: str, **data: Any) -> tuple[Any, str]:
        """What a function of the module's API gives, and the error."""
        found = self.call("api", role, role=role.split(":")[0], method=method, data=data)
        return found["done"], str(found["said"])

    def pay(self, invoice: int) -> None:
        self.call("pay", invoice=invoice)

    def renewal(self, order: int) -> int:
        """The number of an unpaid invoice."""
        return int(self.call("invoice", order=order)["id"])

    def cron(self) -> None:
        done = subprocess.run(
            ["php", "-derror_reporting=-1", "cron.php"],
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    # What there is

    def state(self) -> dict[str, Any]:
        return self.call("state")

    def order(self, id: int) -> dict[str, Any]:
        """The row of an order; nothing when there is none."""
        return next((row for row in self.state()["orders"] if row["id"] == id), {})

    def history(self, order: int) -> list[str]:
        rows = self.state()["history"]
        return [str(row["notes"]) for row in rows if row["client_order_id"] == order]

    def mails(self, order: int, recipient: str = "client") -> list[str]:
        """The last word of each template that was sent."""
        rows = self.state()["mails"]
        return [
            row["code"].rpartition("_")[2]
            for row in rows
            if (row["order_id"], row["recipient"]) == (order, recipient)
        ]
