"""A WHMCS that is none: tests/whmcs/standin with the plug-in unpacked over it, on PHP's own web
server.

A hosting company's events are methods. Each runs where it would at a hoster: in a web request, and
cron in a process of its own. Nothing is mocked between the module and the bridge.
"""

import json
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
from tests.support.programs import found

TREE = Path(__file__).parents[1] / "whmcs" / "standin"
LIBRARIES = ("Illuminate/Database/Capsule/Manager.php", "smarty4/Smarty.class.php")
EXTENSIONS = {"curl", "mbstring", "xml", "pdo_sqlite"}
WORKERS = 6
SETTINGS = (
    "-derror_reporting=-1 -ddisplay_errors=0 -dopcache.enable_cli=1 -dopcache.revalidate_freq=0"
)


def ready() -> bool:
    """Whether PHP and what the stand-in needs of it are installed."""
    php = found("php")
    if php is None:
        return False
    ask = (
        "echo json_encode([get_loaded_extensions(), array_map('stream_resolve_include_path', "
        "json_decode($argv[1]))]);"
    )
    done = subprocess.run(
        [php, "-r", ask, json.dumps(LIBRARIES)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"php ended with {done.returncode}: {done.stdout}{done.stderr}"
    extensions, libraries = json.loads(done.stdout)
    return EXTENSIONS <= set(extensions) and all(libraries)


class Refused(Exception):
    """The stand-in could not do what was asked: a test's own mistake, never an answer of the
    module."""


class Whmcs:
    """An installation under `folder`/whmcs, served until `close`. `plugin`: a zip or a folder,
    unpacked over the root.

    Answers of the module are what it returned: "success" or its error text, "" where it was not called.
    """

    def __init__(
        self, folder: Path, plugin: Path | None = None, *, module: str = "enombridge"
    ) -> None:
        self.module = module
        self.root = folder / "whmcs"
        self.log = folder / "whmcs.log"
        self.port = free_port()
        self._web = requests.Session()
        self._web.trust_env = False
        self._server: subprocess.Popen[bytes] | None = None
        shutil.copytree(TREE, self.root)
        if plugin is not None:
            self.unpack(plugin)
        self.start()
        self.call("install", system_url=self.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def unpack(self, plugin: Path) -> None:
        """As an admin does it: over what is there."""
        if plugin.is_dir():
            shutil.copytree(plugin, self.root, dirs_exist_ok=True)
        else:
            with zipfile.ZipFile(plugin) as archive:
                archive.extractall(self.root)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def callback_url(self, server: int) -> str:
        return f"{self.url}modules/servers/{self.module}/callback.php?server={server}"

    # The web server

    def start(self) -> None:
        """A shell holds it: when these tests end, also by kill -9, its pipe closes and the group
        goes with all workers."""
        php = f"php {SETTINGS} -S 127.0.0.1:{self.port} -t . router.php"
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                ["/bin/sh", "-c", f"{php} </dev/null & read x; kill -KILL 0"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.root,
                env={**environment(), "PHP_CLI_SERVER_WORKERS": str(WORKERS)},
                start_new_session=True,
            )
        until(self._answers, 60, why=self._said)

    def _answers(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, self._said()
        try:
            return self._web.get(f"{self.url}standin/ping", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _said(self) -> str:
        return self.log.read_text()[-4000:]

    def stop(self) -> None:
        """At once, as when the machine goes down: requests under way are cut off.

        `start` serves the same data again.
        """
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGKILL)
            self._server.wait(60)
            assert self._server.stdin is not None
            self._server.stdin.close()
            self._server = None
            until_free(self.port)

    def close(self) -> None:
        self.stop()
        self._web.close()

    # How verbs are called

    def call(self, verb: str, **values: Any) -> dict[str, Any]:
        """In a web request."""
        with requests.Session() as web:  # one session is not for several threads
            web.trust_env = False
            answer = web.post(f"{self.url}standin/{verb}", json=values, timeout=600)
        try:
            found: dict[str, Any] = answer.json()
        except ValueError:
            raise Refused(
                f"{verb}: {answer.status_code} {answer.text[:500]}\n{self.log.read_text()[-2000:]}"
            ) from None
        if answer.status_code != 200:
            raise Refused(f"{verb}: {found['error']}")
        return found

    def cli(self, verb: str, **values: Any) -> dict[str, Any]:
        """In a PHP process of its own; the web server need not run."""
        found: dict[str, Any] = json.loads(self.php("standin.php", verb, json.dumps(values)))
        return found

    def php(self, *command: str, limit: float = 600) -> str:
        """What the script prints; whatever else goes wrong is an error."""
        done = subprocess.run(
            ["php", "-derror_reporting=-1", "-ddisplay_errors=stderr", *command],
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=limit,
        )
        if done.returncode:
            raise Refused(f"{command}: {done.returncode} {done.stderr[-2000:]}")
        return done.stdout

    def get(self, path: str, role: str = "client", **query: str | int) -> requests.Response:
        """A page as a person sees it, without following redirects. `role`: client or admin."""
        return self._web.get(
            self.url + path, params={"as": role, **query}, allow_redirects=False, timeout=60
        )

    def submit(self, path: str, role: str = "client", **form: str | int) -> requests.Response:
        """A form of that page."""
        return self._web.post(
            self.url + path, params={"as": role}, data=form, allow_redirects=False, timeout=60
        )

    # What the hoster sets up

    def settings(self, **values: str) -> dict[str, str]:
        """All of tblconfiguration after the change; the names are in
        includes/classes/Standin/Settings.php."""
        return self.call("settings", values=values)

    def set_today(self, day: str) -> None:
        """The billing's day, as 2026-11-25; time() stays real."""
        self.settings(today=day)

    def add_server(self, **values: Any) -> int:
        """hostname, port, secure, username, password, accesshash, ipaddress, name, disabled;
        `id` to change one."""
        return int(self.call("server", **{"type": self.module, **values})["server"])

    def save_product(self, **values: Any) -> int:
        """Also activates the module. name, type, autosetup, settings, welcome, custom_fields,
        options; `id` to change one.

        settings={"1": "basic"}; custom_fields=["Mailbox"]; options=[{"name": "Seats", "type": "quantity"}].
        """
        return int(self.call("product", **{"module": self.module, **values})["product"])

    def add_client(self, **values: str) -> int:
        return int(self.call("client", **values)["client"])

    def existing(
        self,
        client: int,
        product: int,
        server: int,
        field: str,
        addresses: list[str],
        days: int = 10,
    ) -> dict[str, int]:
        """Services that are active since long and overdue, by the address in their custom field."""
        made = self.call(
            "existing",
            client=client,
            product=product,
            server=server,
            field=field,
            addresses=addresses,
            days=days,
        )
        return dict(made["services"])

    # What clients do

    def order(self, client: int, product: int, **values: Any) -> dict[str, Any]:
        """order, service, invoice and answer. domain, username, password, custom_fields,
        options, server."""
        return self.call("order", client=client, product=product, **values)

    def pay(self, invoice: int) -> dict[str, str]:
        """What the module answered, by function."""
        return dict(self.call("pay", invoice=invoice)["answers"])

    def change_password(self, service: int, password: str) -> str:
        return str(self.call("change_password", service=service, password=password)["answer"])

    def upgrade(self, service: int, product: int = 0, options: dict[str, Any] | None = None) -> str:
        return str(
            self.call("upgrade", service=service, product=product, options=options or {})["answer"]
        )

    def cancel(
        self, service: int, reason: str = "Not needed", type: str = "End of Billing Period"
    ) -> None:
        self.call("cancel", service=service, reason=reason, type=type)

    def sso(self, service: int) -> dict[str, Any]:
        """success with redirectTo, or errorMsg."""
        return self.call("sso", service=service)

    # What staff does

    def accept(self, order: int) -> dict[str, str]:
        """The module's answers, by service."""
        return dict(self.call("accept", order=order)["answers"])

    def command(self, service: int, function: str, reason: str = "") -> str:
        """A Module Command, by the function's name: CreateAccount, SuspendAccount, ..."""
        return str(
            self.call("command", service=service, function=function, reason=reason)["answer"]
        )

    def custom(self, service: int, function: str) -> str:
        """A button of the module's own."""
        return str(self.call("custom", service=service, function=function)["answer"])

    def edit(
        self,
        service: int,
        custom_fields: dict[str, str] | None = None,
        options: dict[str, Any] | None = None,
        modulefields: dict[str, str] | None = None,
        **values: str,
    ) -> None:
        """Saves the service's page. `values` are columns of tblhosting."""
        self.call(
            "edit",
            service=service,
            values=values,
            custom_fields=custom_fields or {},
            options=options or {},
            modulefields=modulefields or {},
        )

    def retry(self, row: int) -> str:
        return str(self.call("retry", id=row)["answer"])

    def retry_all(self) -> dict[str, str]:
        """Answers by the queue's row."""
        return dict(self.call("retry_all")["answers"])

    def resolve(self, row: int) -> None:
        self.call("resolve", id=row)

    def test_connection(self, server: int) -> dict[str, Any]:
        """success and error."""
        return self.call("test_connection", server=server)

    def sync(self, server: int) -> dict[str, Any]:
        """success with matched, unknown, missing; or error."""
        return self.call("sync", server=server)

    def metrics(self) -> dict[str, str]:
        """What the module can count, as a product's page asks it: without a server."""
        return dict(self.call("metrics", module=self.module)["metrics"])

    # What time does

    def renewal(self, service: int) -> int:
        """The next invoice."""
        return int(self.call("renewal", service=service)["invoice"])

    def overdue(self, service: int, days: int = 10) -> int:
        """The unpaid invoice; cron suspends from 5 days on and terminates from 30 days on."""
        return int(self.call("overdue", service=service, days=days)["invoice"])

    def cron(self, daily: bool = False, limit: float = 600) -> dict[str, Any]:
        """Takes at most `limit` seconds. The report: daily, seconds.

        If daily also suspended, not_suspended, terminated, not_terminated, usage_updates, metric_servers.
        """
        said = self.php("crons/cron.php", *(["--daily"] if daily else []), limit=limit)
        report: dict[str, Any] = json.loads(said.splitlines()[-1])
        return report

    # What there is to see

    def local_api(self, command: str, **values: Any) -> dict[str, Any]:
        return self.call("local_api", command=command, values=values)

    def service(self, service: int) -> dict[str, Any]:
        """The columns of tblhosting, and product, status, password in clear, customfields,
        configoptions."""
        return self.call("service", service=service)

    def state(self) -> dict[str, Any]:
        """Everything, by the keys of includes/classes/Standin/State.php."""
        return self.call("state")

    def faults(self) -> list[dict[str, Any]]:
        """What PHP complained of in the module, or the module did wrong.

        The stand-in's own faults fail at once.
        """
        state = self.state()
        assert state["standin_faults"] == [], state["standin_faults"]
        found: list[dict[str, Any]] = state["module_faults"]
        return found


def environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "HOME", "LANG", "TMPDIR")
    }
