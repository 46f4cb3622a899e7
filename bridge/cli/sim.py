"""`enom-bridge sim`: the simulator in the foreground, furnished, with the lines to paste."""

import json
import os
import signal
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bridge.cli.show import as_json, echo_json
from bridge.config import ConfigurationError, find
from bridge.infra import output
from bridge.reconcile import service_list
from bridge.reconcile.service_list import SEPARATORS
from bridge.reporting import lists
from bridge.sim import Simulator
from bridge.sim.control import ControlError
from hooks import PLATFORMS
from hooks.address import normalise

# Made up, and good for nothing but this.
UID, TOKEN = "reseller", "sim-token"
HOSTED_USER, HOSTED_PASSWORD = "admin@reseller.example", "sim-hosted-email"
BOX_PASSWORD, BOX_PLACES = (
    "Sim-Mailbox.01",
    10,
)  # of each mailbox and each pak that is there to begin with
FEW = 10  # domains that are named
DOMAINS = ("example.com", "example.net", "example.test")

HELLO = """\
The simulator plays Enom until Ctrl-C. It keeps everything in memory only.

  Enom API       {endpoint}
  hosted email   {hosted_email}
  domains        {shown}: a pak of ten mailboxes each
  control port   {control}: GET /state shows the full state, passwords included

In bridge.toml:

[accounts.main]
environment = "test"
uid = {uid}
token = {token}
endpoint = {endpoint}
suspend_with = "hosted-email"

[accounts.main.hosted_email]
endpoint = {hosted_email}
user = {hosted_user}
password = {hosted_password}

Or from scratch, in a second shell:

  enom-bridge init --yes --uid {uid} --token {token} \\
    --endpoint {endpoint} --suspend-with hosted-email \\
    --hosted-user {hosted_user} --hosted-password {hosted_password} --hosted-endpoint {hosted_email}
  enom-bridge serve

Without Enom, by hosted email alone, it is instead:

  enom-bridge init --yes --backend hosted-email \\
    --hosted-user {hosted_user} --hosted-password {hosted_password} --hosted-endpoint {hosted_email}
  enom-bridge serve

and in a third shell:

  enom-bridge send mailbox.create --source whmcs-main --service-id 1042 --address {example} --password Try-Me.2026
"""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8180,
    show_default=True,
    help="Port of both APIs; 0: any free one.",
)
@click.option(
    "--control-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Control port, for tests. Default: any free one.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of all random choices.")
@click.option(
    "--faults",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="JSON list of faults to start with.",
)
@click.option("--uid", default=UID, show_default=True, help="Enom login.")
@click.option("--token", default=TOKEN, show_default=True, help="Its API token.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    default=DOMAINS,
    show_default=True,
    help="May be repeated.",
)
@click.option(
    "--mailbox",
    "mailboxes",
    metavar="ADDRESS",
    multiple=True,
    help="A mailbox that exists at the start. May be repeated.",
)
@click.option(
    "--mailboxes",
    "list_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help=(
        "Mailboxes that exist at the start: one address per line, or billing's list as for "
        "`mailboxes import`."
    ),
)
@as_json
@click.pass_context
def sim(
    ctx: click.Context,
    /,
    host: str,
    port: int,
    control_port: int,
    seed: int,
    faults: Path | None,
    mailboxes: tuple[str, ...],
    list_file: Path | None,
    as_json: bool,
    **account: Any,
) -> None:
    """Simulate Enom and the hosted-email API, on this machine only, until Ctrl-C."""
    refuse_beside_live(ctx)
    there = existing(mailboxes, list_file)
    simulator = bound(seed, host, port, control_port)
    with output.steady(report_lost_lines), stopping() as stop, simulator:
        furnish(simulator, **account)
        add_mailboxes(simulator, account["uid"], there)
        arm(simulator, faults)
        named = dict.fromkeys(address.partition("@")[2] for address in there)
        more = [name for name in named if name not in account["domains"]]
        hello(simulator, as_json, more, **account)
        if there and not as_json:
            click.echo(
                f"\nExisting: {len(there)} mailboxes, each with the password {BOX_PASSWORD}",
                nl=True,
            )
            if more:
                click.echo(
                    f"Their domains, beside those above: {', '.join(lists.first(more, FEW, 'and {:,} more'))}"
                )
        while not stop.wait(1.0):
            if not simulator.alive:
                raise click.ClickException("the simulator stopped unexpectedly; start it again")


def report_lost_lines(lines: int) -> None:
    click.echo(f"{lines} lines could not be written, and are lost.", err=True)


def refuse_beside_live(ctx: click.Context) -> None:
    """Whoever has live credentials at hand may point them at the wrong one of two Enoms. The file is read as it is, so that
    a fault elsewhere in it hides nothing."""
    try:
        path = find((ctx.obj or {}).get("config"), os.environ)
    except ConfigurationError:
        return
    try:
        accounts = tomllib.loads(path.read_text("utf-8")).get("accounts", {})
    except (OSError, ValueError) as error:
        text = (
            f"{path} cannot be read ({error}), so it may hold live "
            "credentials; correct it or move it away"
        )
        raise click.UsageError(text) from None
    tables = accounts.items() if isinstance(accounts, dict) else ()
    for name, account in tables:
        if isinstance(account, dict) and account.get("environment") == "live":
            raise click.ClickException(
                f'{path} holds live credentials (accounts.{name}.environment = "live"), and the '
                "simulator never runs next to "
                "those. Start it in another folder, or with "
                "--config naming a configuration for tests."
            )


def bound(seed: int, host: str, port: int, control_port: int) -> Simulator:
    try:
        return Simulator(seed, host, port, control_port)
    except ValueError as error:
        raise click.UsageError(f"--{error}") from None
    except OSError as error:
        text = (
            f"cannot listen on {host}, ports {port} and {control_port}: {error.strerror}; name "
            "others: --port, --control-port"
        )
        raise click.ClickException(text) from None


def furnish(simulator: Simulator, uid: str, token: str, domains: tuple[str, ...]) -> None:
    """A reseller account with credentials for both APIs, and domains with ten mailbox places
    each."""
    account = {"uid": uid, "token": token, "environment": "test", "allow": ["127.0.0.1"]}
    account |= {"hosted_user": HOSTED_USER, "hosted_password": HOSTED_PASSWORD}
    simulator.control("/accounts", account)
    for domain in domains:
        simulator.control("/domains", {"uid": uid, "domain": domain})
        simulator.control("/paks", {"domain": domain, "size": BOX_PLACES})


def existing(addresses: tuple[str, ...], file: Path | None) -> list[str]:
    """The addresses of the mailboxes to begin with, each once, as the bridge spells them."""
    given = [(f"--mailbox {address}", address) for address in addresses]
    if file is not None:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise click.UsageError(
                f"--mailboxes: {file} cannot be read: {error.strerror}"
            ) from None
        # Where a line is wrong its number is told, never what stands there: it may be a password.
        lines = enumerate(listed(file, content), 1)
        given += [(f"--mailboxes: {file}, line {number}", address) for number, address in lines]
    found: dict[str, None] = {}
    for where, address in given:
        try:
            found[normalise(address)] = None
        except ValueError as error:
            raise click.UsageError(f"{where}: {error}") from None
    return list(found)


def listed(file: Path, content: bytes) -> list[str]:
    """The addresses of a list as `mailboxes import` takes it, or of plain lines."""
    plain = content.decode("utf-8-sig", "replace").split()
    if plain and all("@" in line and not set(line) & set(SEPARATORS) for line in plain):
        return plain
    try:
        return [claim.address for claim in service_list.read(content, PLATFORMS["standard"]).claims]
    except service_list.Unreadable as error:
        line, text = error.faults[0]
        raise click.UsageError(
            f"--mailboxes: {file}, line {line}: {text} Or give one address per line."
        ) from None


def add_mailboxes(simulator: Simulator, uid: str, addresses: list[str]) -> None:
    """They have always been there, in paks of ten of their domain, which is made where it is not
    there yet."""
    domains = simulator.control("/state")["domains"]
    places: dict[str, list[str]] = {}
    for address in addresses:
        places.setdefault(address.partition("@")[2], []).append(address)
    for domain, members in places.items():
        if domain not in domains:
            simulator.control("/domains", {"uid": uid, "domain": domain})
        for first in range(0, len(members), BOX_PLACES):
            bundle = simulator.control("/paks", {"domain": domain, "size": BOX_PLACES})["bundle"]
            for address in members[first : first + BOX_PLACES]:
                wanted = {
                    "address": address,
                    "password": BOX_PASSWORD,
                    "bundle": bundle,
                    "settled": True,
                }
                simulator.control("/mailboxes", wanted)


def arm(simulator: Simulator, path: Path | None) -> None:
    if path is None:
        return
    try:
        faults: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"--faults: {path} cannot be read as JSON: {error}") from None
    if not isinstance(faults, list):
        raise click.UsageError(
            f'--faults: {path} is not a list; write [{{"command": "SetUpPOP3User", "fault": '
            f'"drop_after"}}]'
        )
    for number, fault in enumerate(faults, 1):
        try:
            simulator.control("/faults", fault)
        except ControlError as error:
            raise click.UsageError(f"--faults: {path}, fault {number}: {error}") from None


def hello(
    simulator: Simulator,
    as_json: bool,
    more: Sequence[str],
    uid: str,
    token: str,
    domains: tuple[str, ...],
) -> None:
    """`more`: domains that the mailboxes of the start brought."""
    facts = {
        "endpoint": simulator.endpoint,
        "hosted_email": simulator.hosted_email,
        "control": simulator.control_url,
        "uid": uid,
        "token": token,
        "hosted_user": HOSTED_USER,
        "hosted_password": HOSTED_PASSWORD,
        "domains": [*domains, *more],
    }
    if as_json:
        return echo_json(facts)
    # A JSON string is TOML's too, and the shell's where it holds neither $ nor a backquote.
    quoted = {name: json.dumps(value) for name, value in facts.items() if isinstance(value, str)}
    click.echo(
        HELLO.format(**quoted, shown=", ".join(domains), example=f"john@{domains[0]}"), nl=False
    )


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; the handlers of before are put back at the end."""
    stop = threading.Event()
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in numbers]
    try:
        yield stop
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
