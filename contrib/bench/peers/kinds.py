"""The peers: what each installs, how it is started, how much lies on the disk.

Everything goes to build/bench/.
"""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path

from contrib.bench.program import PROGRAM
from contrib.bench.setting import SECRET, TOKEN

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "bench"
NODE_RED = "4.1.15"  # Node-RED 5 needs Node 22.9

CONFIG = """
[bridge]
listen = "127.0.0.1:{PORT}"
metrics_listen = ""
keys = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
[worker]
concurrency = 8
[accounts.main]
uid = "{ENOM_UID}"
token = "{ENOM_TOKEN}"
endpoint = "{ENOM}"
max_in_flight = 8
suspend_with = "refuse"
[sources.shop]
platform = "standard"
account = "main"
secrets = ["{SECRET}"]
callback = "{CALLBACK}"
callback_loopback = true
"""


class Missing(Exception):
    """A peer cannot be installed here; the text says what it needs."""


class Peer(ABC):
    name: str

    def install(self) -> int:
        """Bytes on the disk, without what is there anyway (Python, Node, a shell).

        May raise Missing.
        """
        return 0

    @abstractmethod
    def command(self, folder: Path, environment: dict[str, str]) -> list[str]:
        """What starts it; what it keeps goes to `folder`, which is the same at the second start."""


class Bridge(Peer):
    name = "enom-bridge"

    def install(self) -> int:
        packages: dict[str, int] = {}
        closure("enom-bridge", packages)
        return sum(packages.values()) + sum(
            size(HERE.parents[2] / part) for part in ("bridge", "hooks")
        )

    def command(self, folder: Path, environment: dict[str, str]) -> list[str]:
        config = folder / "bridge.toml"
        config.write_text(CONFIG.format(SECRET=SECRET, **environment))
        config.chmod(0o600)
        return [*PROGRAM, "--config", str(config), "serve"]


class Webhook(Peer):
    name = "adnanh/webhook, a script"

    def install(self) -> int:
        folder = BUILD / "webhook"
        if not folder.exists():
            needed("Debian's package webhook", "apt-get", "dpkg", "curl", "openssl")
            BUILD.mkdir(parents=True, exist_ok=True)
            run("apt-get", "download", "-q", "webhook", cwd=BUILD)
            run("dpkg", "-x", str(next(BUILD.glob("webhook_*.deb"))), str(folder))
        return size(folder)

    def command(self, folder: Path, environment: dict[str, str]) -> list[str]:
        environment["SCRIPT"] = str(HERE / "webhook" / "mailbox.sh")
        hooks = str(HERE / "webhook" / "hooks.json")
        program = str(BUILD / "webhook" / "usr" / "bin" / "webhook")
        return [
            program,
            "-hooks",
            hooks,
            "-template",
            "-ip",
            "127.0.0.1",
            "-port",
            environment["PORT"],
        ]


class NodeRed(Peer):
    name = "Node-RED"

    def install(self) -> int:
        folder = BUILD / "node-red"
        if not (folder / "node_modules" / "node-red").exists():
            needed("Node-RED", "node", "npm")
            folder.mkdir(parents=True, exist_ok=True)
            options = ("--no-audit", "--no-fund", "--loglevel=error")
            run("npm", "install", *options, "--prefix", str(folder), f"node-red@{NODE_RED}")
        return size(folder)

    def command(self, folder: Path, environment: dict[str, str]) -> list[str]:
        nodes = json.loads((HERE / "nodered" / "flow.json").read_text())
        for node in nodes:
            if "func" in node:
                node["func"] = (HERE / "nodered" / node["func"]).read_text()
        flow = folder / "flow.json"
        flow.write_text(json.dumps(nodes))
        program = BUILD / "node-red" / "node_modules" / "node-red" / "red.js"
        return [
            "node",
            str(program),
            "-s",
            str(HERE / "nodered" / "settings.js"),
            "-u",
            str(folder),
            str(flow),
        ]


class Module(Peer):
    name = "module that calls Enom inside the request"

    def install(self) -> int:
        return size(HERE / "module.py")

    def command(self, folder: Path, environment: dict[str, str]) -> list[str]:
        return [sys.executable, str(HERE / "module.py")]


PEERS = {"bridge": Bridge(), "webhook": Webhook(), "node-red": NodeRed(), "module": Module()}
ACCOUNT = {"ENOM_UID": "reseller", "ENOM_TOKEN": TOKEN}


def needed(what: str, *programs: str) -> None:
    if missing := [program for program in programs if shutil.which(program) is None]:
        raise Missing(f"{what} needs {', '.join(missing)}, which is not installed")


def run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"`{' '.join(command[:3])}` failed: {done.stderr.strip()[-300:]}")


def size(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.lstat().st_size for file in files if file.is_file() and file.suffix != ".pyc")


def closure(name: str, packages: dict[str, int]) -> None:
    """Adds what is installed for a package and all that it needs, extras left out."""
    try:
        found = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return  # for another platform or Python
    key = found.metadata["Name"].lower()
    if key not in packages:
        packages[key] = sum(
            size(Path(str(file.locate())))
            for file in found.files or ()
            if Path(str(file.locate())).is_file()
        )
        for requirement in found.requires or ():
            if "extra ==" not in requirement:
                closure(re.split(r"[^\w.-]", requirement, maxsplit=1)[0], packages)
