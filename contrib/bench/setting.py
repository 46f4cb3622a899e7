"""What the benchmarks stand on: a configuration, a bridge of it, signed hooks."""

import json
import os
import platform
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge import __version__, config, wiring
from bridge.infra import garbage, logs
from hooks import signing

SECRET = "whsec_" + "c2FtcGxlLXNlY3JldC1vZi10aGUtdGVzdHMtMzItYnl0ZXM="
NOWHERE = "http://127.0.0.1:9"
TOKEN, USER, WORD = "BENCHTOKEN1234567890", "admin@reseller.example", "Bench-Word.1234"

TEMPLATE = """
[bridge]
listen = "127.0.0.1:0"
metrics_listen = ""
keys = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
database = "{database}"
[worker]
concurrency = {concurrency}
[safety]
max_terminations_per_hour = 0
max_suspended_share = 0
[accounts.main]
uid = "reseller"
token = "{token}"
endpoint = "{endpoint}"
max_in_flight = {in_flight}
settle = 1
timeout = {timeout}
suspend_with = "hosted-email"
[accounts.main.hosted_email]
endpoint = "{hosted}"
user = "{user}"
password = "{word}"
[sources.shop]
platform = "standard"
account = "main"
secrets = ["{secret}"]
callback = "{callback}"
callback_loopback = true
"""


def build(
    folder: Path, endpoint: str, hosted: str, in_flight: int = 4, database: str = "", **more: Any
) -> wiring.Service:
    logs.configure(
        "json", (folder / "log").open("w")
    )  # written as in service, but not where the table goes
    service = wiring.build(
        config.load(configure(folder, endpoint, hosted, in_flight, database, **more), {})
    )
    wiring.prepare(service)
    garbage.collect_apart()  # as each command does
    return service


def configure(
    folder: Path,
    endpoint: str = NOWHERE + "/interface.asp",
    hosted: str = NOWHERE + "/api",
    in_flight: int = 4,
    database: str = "",
    *,
    concurrency: int = 0,
    timeout: int = 30,
    callback: str = "",
) -> Path:
    """The configuration's file. `concurrency` 0: as many as `in_flight`."""
    path = folder / "bridge.toml"
    values = {
        "token": TOKEN,
        "user": USER,
        "word": WORD,
        "secret": SECRET,
        "timeout": timeout,
        "callback": callback,
    }
    values |= {
        "concurrency": concurrency or in_flight,
        "database": database or "sqlite:///bridge.sqlite3",
    }
    path.write_text(
        TEMPLATE.format(endpoint=endpoint, hosted=hosted, in_flight=in_flight, **values)
    )
    path.chmod(0o600)
    return path


def hook(type: str, **data: Any) -> tuple[bytes, dict[str, str]]:
    """A signed delivery: body and headers."""
    now = datetime.now(UTC)
    body = json.dumps({"type": type, "timestamp": now.isoformat(), "data": data}).encode()
    headers = signing.sign(
        f"msg_{uuid.uuid4().hex}", int(now.timestamp()), body, signing.decode_secret(SECRET)
    )
    return body, headers | {"content-type": "application/json"}


def head(what: str) -> str:
    cores = len(os.sched_getaffinity(0))
    machine = f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"
    return f"{what}\nenom-bridge {__version__}, {datetime.now(UTC):%Y-%m-%d}, {machine}"
