"""`enom-bridge send`: one signed hook or query to a running bridge, as a billing platform would
send it."""

import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from bridge.cli.config import settings_of
from bridge.cli.show import as_json, echo_json, thing
from bridge.config import Settings, SourceSettings
from bridge.domain.jobs import ENDED
from bridge.infra.http_client import HttpClient, Lost, NotSent
from hooks import PLATFORMS, own_webhooks, signing
from hooks.standard.schemas import MOST_SEATS, WITHDRAWALS

PASSWORD = "MAILBOX_PASSWORD"  # noqa: S105 - the name of a variable
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound
MARGIN = 10.0  # seconds that an answer may take beyond the wait asked for
PAUSE = 1.0  # seconds between two looks at a job


@dataclass(frozen=True)
class HookAnswer:
    status: int
    body: dict[str, Any]


@dataclass
class Sender:
    """The billing side of one source.

    `bases` are URLs of the bridge; the first that can be reached is used.
    """

    source: str
    secret: bytes
    scheme: str
    bases: Sequence[str]
    outgoing: HttpClient
    clock: Callable[[], float] = time.time

    def post(
        self, path: str, body: Mapping[str, Any], id: str = "", wait: float = 0.0
    ) -> HookAnswer:
        """Signs and sends. Raises ClickException when nobody, or not a bridge, answers."""
        id, content = id or f"msg_{uuid.uuid4().hex}", json.dumps(body).encode()
        sign = signing.sign_itsdangerous if self.scheme == "itsdangerous" else signing.sign
        headers = {
            "content-type": "application/json",
            **sign(id, int(self.clock()), content, self.secret),
        }
        if wait:
            headers["prefer"] = f"wait={wait:.0f}"
        tried = []
        for base in self.bases:
            url = f"{base}/{path}/{self.source}"
            try:
                reply = self.outgoing.post(url, content, headers, timeout=wait + MARGIN)
            except NotSent as fault:
                tried.append(f"{base}: {fault}")
                continue
            except Lost as lost:
                text = (
                    f"sent, but no answer: {lost}. It may have been "
                    f"accepted; send it again with --id {id}"
                )
                raise click.ClickException(text) from None
            return HookAnswer(reply.status, as_object(reply.body, reply.status, url))
        text = (
            f"no bridge answers at {'; '.join(tried)}. Start it with `enom-bridge serve`, or give "
            "its address with --url"
        )
        raise click.ClickException(text)

    def hook(
        self, type: str, data: Mapping[str, Any], id: str = "", at: str = "", wait: float = 0.0
    ) -> HookAnswer:
        return self.post(
            "hooks", {"type": type, "timestamp": at or self.now(), "data": dict(data)}, id, wait
        )

    def query(self, type: str, data: Mapping[str, Any]) -> HookAnswer:
        return self.post(
            "query", {"type": type, "timestamp": self.now(), "data": dict(data)}, wait=MARGIN
        )

    def follow(self, reply: HookAnswer, seconds: float) -> HookAnswer:
        """The reply once its job has ended, or as it is after `seconds`."""
        end = time.monotonic() + seconds
        while reply.status == 202 and (left := end - time.monotonic()) > 0:
            time.sleep(min(PAUSE, left))
            asked = self.query("job", {"job": reply.body["job"]})
            if asked.status != 200:
                return asked
            receipt = asked.body["data"]
            reply = HookAnswer(200 if receipt["status"] in ENDED else 202, receipt)
        return reply

    def now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat().replace("+00:00", "Z")


@click.command()
@click.argument("type")
@click.option(
    "--source", required=True, help="The source to send as, as named in the configuration."
)
@click.option("--service-id", help="The billing platform's id of the service.")
@click.option("--address", help="local@domain.")
@click.option(
    "--password",
    envvar=PASSWORD,
    show_envvar=True,
    help="Visible to other users here; use - to be asked, or to read a pipe.",
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--plan", help="A plan in the configuration.")
@click.option("--display-name", help="The full name that webmail shows.")
@click.option("--customer-id", help="The billing platform's id of the customer.")
@click.option(
    "--domain-confirmed",
    is_flag=True,
    help="Create: staff confirms that this customer may use the domain.",
)
@click.option(
    "--seats",
    type=click.IntRange(1, MOST_SEATS),
    help="Create, change of service: how many mailboxes the service may have.",
)
@click.option("--from-service-id", help="Change of service: the service that has the mailbox now.")
@click.option("--reason", help="Why a mailbox is suspended.")
@click.option("--until", help="Renew: the date until which it must be paid.")
@click.option(
    "--alias", multiple=True, help="Aliases: one of them; give it for each. None removes all."
)
@click.option(
    "--forward-to",
    multiple=True,
    help="Forwarding: one address; give it for each. None switches it off.",
)
@click.option("--no-copy", is_flag=True, help="Forwarding: the mailbox keeps no copy.")
@click.option("--job", help="For the query `job`: its id.")
@click.option(
    "--hook",
    help="For the query `job`: the id of its hook. For job.withdraw: the hook to withdraw.",
)
@click.option("--after", help="For lists: `next` of the previous page.")
@click.option(
    "--id", default="", help="webhook-id; reuse one to repeat that hook. Default: a new one."
)
@click.option("--timestamp", default="", help="When the event happened, RFC 3339. Default: now.")
@click.option(
    "--wait",
    type=click.FloatRange(0),
    help="Seconds the bridge may wait with its answer. Default: wait_limit.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0),
    default=120,
    show_default=True,
    help="Seconds to wait for the end of the job, --wait included.",
)
@click.option(
    "--url", help="URL of the bridge. Default: `listen`, then `public_url` of the configuration."
)
@as_json
@click.pass_context
def send(
    ctx: click.Context,
    /,
    type: str,
    source: str,
    id: str,
    timestamp: str,
    wait: float | None,
    timeout: float,
    url: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Sign and send a hook (mailbox.create, …) or a query (connection.test, …) to a running bridge
    and show the result.

    job.withdraw withdraws a hook that has not started: enom-bridge send job.withdraw --source NAME --hook ID
    """
    settings = settings_of(ctx)
    if source not in settings.sources:
        known = ", ".join(settings.sources) or "none"
        raise click.UsageError(
            f"--source: no source {source!r} in {settings.path} (there: {known})"
        )
    data = fields(type, settings.sources[source], **given)
    outgoing = HttpClient()
    try:
        sender = sender_for(settings, source, url, outgoing)
        if type in PLATFORMS[settings.sources[source].platform].QUESTIONS:
            reply = sender.query(type, data)
        else:
            held = (
                settings.bridge.wait_limit
                if wait is None
                else min(wait, settings.bridge.wait_limit)
            )
            end = time.monotonic() + timeout
            reply = hooked(sender, type, data, id, timestamp, min(held, timeout))
            reply = sender.follow(reply, end - time.monotonic())
    except ValueError as error:
        raise click.UsageError(f"--id: {error}") from None
    finally:
        outgoing.close()
    (echo_json if as_json else show)(reply.body)
    ctx.exit(0 if reply.status == 200 and went_well(type, reply.body) else 1)


def went_well(type: str, body: Mapping[str, Any]) -> bool:
    """Whether what was asked for is so: a query was answered, a job succeeded, a hook was taken
    back."""
    if type in WITHDRAWALS:
        return body["status"] == "dismissed" or (body.get("error") or {}).get("code") == "withdrawn"
    return bool(body.get("status", "succeeded") == "succeeded")


def hooked(
    sender: Sender, type: str, data: Mapping[str, Any], id: str, timestamp: str, held: float
) -> HookAnswer:
    """Sends the hook, and says so at once when it is to be done later."""
    reply = sender.hook(type, data, id, timestamp, held)
    if reply.status == 202:
        click.echo(
            f"accepted as {reply.body['job']}, {reply.body['status']}; following it", err=True
        )
    return reply


def fields(
    type: str,
    source: SourceSettings,
    password: str | None,
    password_stdin: bool,
    domain_confirmed: bool,
    alias: Sequence[str],
    forward_to: Sequence[str],
    no_copy: bool,
    **given: str | int | None,
) -> dict[str, Any]:
    """`data` of the body: what was given.

    A password only of the environment is left out where the type has none.
    """
    platform = PLATFORMS[source.platform]
    schema = {**platform.ACTIONS, **platform.WITHDRAWALS, **platform.QUESTIONS}.get(type)
    data: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if domain_confirmed:
        data["domain_confirmed"] = True
    # An empty list says something: so it is sent where the type has the field.
    if alias or type == "mailbox.set_aliases":
        data["aliases"] = list(alias)
    if forward_to or no_copy or type == "mailbox.set_forwarding":
        data |= {"forward_to": list(forward_to), "keep_copy": not no_copy}
    if password_stdin or password == "-":  # noqa: S105
        piped = password_stdin or not sys.stdin.isatty()
        password = (
            sys.stdin.readline().rstrip("\r\n")
            if piped
            else click.prompt("Password", hide_input=True, err=True)
        )
    elif (
        password == os.environ.get(PASSWORD)
        and schema is not None
        and "password" not in schema().fields
    ):
        password = None
    return data if password is None else {**data, "password": password}


def sender_for(settings: Settings, name: str, url: str | None, outgoing: HttpClient) -> Sender:
    source = settings.sources[name]
    return Sender(name, own_secret(source), source.signature, bases_of(settings, url), outgoing)


def bases_of(settings: Settings, url: str | None) -> Sequence[str]:
    """Where the bridge may answer, in the order in which to try."""
    listen = settings.bridge.listen
    local = listen._replace(host=ANYWHERE.get(listen.host, listen.host))
    bases = [url] if url else dict.fromkeys((f"http://{local}", settings.bridge.public_url))
    return [base.rstrip("/") for base in bases]


def own_secret(source: SourceSettings) -> bytes:
    """The key with which this source signs our format. Raises UsageError where it has none."""
    if own_webhooks(PLATFORMS[source.platform]) is not None:
        raise click.UsageError(
            f"{source.name} takes {source.platform}'s own webhooks; this command signs our format "
            "only. Send a test event from the platform"
        )
    return signing.decode_secret(source.secrets[-1].reveal())


def as_object(body: bytes, status: int, url: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise click.ClickException(
            f"{url} answered {status} without JSON: it is not a "
            "bridge, or a proxy answered. Check --url"
        )
    return found


def in_short(error: Mapping[str, Any] | None) -> str | None:
    """Code and detail: the customer's sentence stands in `message`, the provider's in `detail`."""
    return None if error is None else f"{error['code']}: {error.get('detail') or error['message']}"


def show(body: Mapping[str, Any]) -> None:
    """A receipt, a query's answer or a problem, for people."""
    if "job" in body:
        thing({**body, "error": in_short(body.get("error"))}, False)
        if body["status"] not in ENDED:
            click.echo(
                f"Not finished yet. Check again: enom-bridge jobs explain {body['job']}", err=True
            )
        elif body["status"] != "succeeded":
            click.echo(f"To see why: enom-bridge jobs explain {body['job']}", err=True)
    elif "data" in body:
        thing(body["data"], False)
    elif "hook" in body:
        thing(body, False)
    else:
        click.echo(f"{body.get('status')} {body.get('title')}: {body.get('detail')}", err=True)
        for field, faults in body.get("errors", {}).items():
            click.echo(f"  {field}: {' '.join(faults)}", err=True)
