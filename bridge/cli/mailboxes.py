"""`enom-bridge mailboxes list|show|adopt|import|password-link`: what the bridge knows of mailboxes, and whose
they are."""

from typing import Any

import click

from bridge.cli import importing, privacy, undelete
from bridge.cli.address import MailAddress
from bridge.cli.listing import listing
from bridge.cli.session import operator, session, who
from bridge.cli.show import as_json, echo_json, paged, thing
from bridge.domain.errors import BridgeError
from bridge.domain.source import Forbidden
from bridge.maildns.records import zone_line
from bridge.wiring import Service

COLUMNS = tuple(
    (
        "address account source service_id customer_id state "
        "suspended_with delete_after observed_at"
    ).split()
)


@click.group()
def mailboxes() -> None:
    """Mailboxes known to the bridge: list, show, adopt, import, undelete, password-link, export, erase."""


for command in (importing.import_, undelete.undelete, privacy.export, privacy.erase):
    mailboxes.add_command(command)


@mailboxes.command("list")
@click.option("--source", help="Only mailboxes of this source.")
@click.option("--service-id", help="Only mailboxes of this billing service id.")
@click.option("--account", help="Only this account.")
@click.option(
    "--address",
    help="Only this mailbox, or addresses that contain this text, such as john or example.net.",
)
@click.option("--domain", help="Only this mail domain.")
@click.option("--state", help="active, suspended, absent or unknown.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List mailboxes by address, as the bridge last saw them. Enom is not queried."""
    listing(ctx, "mailboxes", COLUMNS, **options)


@mailboxes.command()
@click.argument("address", type=MailAddress())
@as_json
@click.pass_context
def show(ctx: click.Context, address: str, as_json: bool) -> None:
    """Show what the bridge knows about one mailbox, and whether its domain's mail works (DNS).

    Enom is not queried.
    """
    with session(ctx) as service:
        found = dict(service.lookup.mailbox(address))
        where = found["account"], found["domain"]
        # The first asks everything, so the second needs to ask nothing.
        readiness = service.mail_dns.readiness(*where)
        found["receives_mail"] = service.mail_dns.receives_mail(*where)
        found["readiness"] = readiness
        found["service"] = _of_service(service, found)
        now = service.database.clock()
    thing(found if as_json else _readable(found, now), as_json)
    if not as_json:
        click.echo(f"\nIts jobs: enom-bridge jobs list --address {address}")


def _of_service(service: Service, found: dict[str, Any]) -> dict[str, Any] | None:
    """What its service may have and has, where that is not this one mailbox."""
    if found["source"] is None:
        return None
    of = service.services.service(found["source"], found["service_id"])
    if of["seats"] is None and of["suspended_at"] is None and of["used"] <= 1:
        return None
    return {name: of[name] for name in ("seats", "used", "suspended_at")}


def _readable(found: dict[str, Any], now: float) -> dict[str, Any]:
    """The record with sizes and times that say what they mean; what means nothing now is left
    out."""
    mail = found.pop("readiness")
    shown = {**found, **_in_words(mail)}
    settles_at, quota = shown.pop("settles_at"), shown.pop("quota")
    if shown["state"] != "suspended":
        del shown["sessions_ended"]
    if quota is not None:
        shown["size"] = f"{quota / 2**30:g} GB"
    if settles_at is not None and settles_at > now:
        shown["reads_may_be_old_until"] = settles_at
    return shown


ANSWERS = {"ready": "yes", "not_ready": "no", "unknown": "unknown"}


def _in_words(mail: dict[str, Any] | None) -> dict[str, Any]:
    if mail is None:
        return {}
    mx = " ".join(each["reason"] for each in mail["records"] if each["purpose"] == "mx")
    return {
        "receives_mail": f"{ANSWERS[mail['receives']]}. {mx}",
        "sends_mail": ANSWERS[mail["sends"]],
        "dns": [{record["purpose"]: _line(record)} for record in mail["records"]],
        "name_servers": mail["name_servers"],
    }


def _line(record: dict[str, Any]) -> str:
    to_set = zone_line(record)
    return f"{record['state']}. {record['reason']}{f' Set: {to_set}' if to_set else ''}"


@mailboxes.command()
@click.argument("address", type=MailAddress())
@click.option("--source", required=True, help="The source of the new owner.")
@click.option("--service-id", required=True, help="The billing service id of the new owner.")
@click.option(
    "--apply", "write", is_flag=True, help="Do it. Without it, only what would change is shown."
)
@as_json
@click.pass_context
def adopt(
    ctx: click.Context, address: str, source: str, service_id: str, write: bool, as_json: bool
) -> None:
    """Assign a mailbox that exists at Enom to a billing service. Nothing is changed at Enom."""
    with session(ctx) as service:
        if source not in service.sources:
            raise importing.no_source(service, source)
        try:
            found = service.adoptions.consider(address, source, service_id)
        except (Forbidden, BridgeError) as error:
            raise click.ClickException(error.detail) from None
        if write and found.changes:
            found.carry_out(operator(service).adopt)
    thing(found.describe() | {"applied": write and found.changes}, as_json)
    if found.changes and not write and not as_json:
        click.echo("\nNothing changed yet. To adopt it, run the same command with --apply.")


@mailboxes.command("password-link")
@click.argument("address", type=MailAddress())
@as_json
@click.pass_context
def password_link(ctx: click.Context, address: str, as_json: bool) -> None:
    """Print a link by which the customer sets a password for this mailbox, once, within 72 hours."""
    with session(ctx) as service:
        url = service.first_password.for_address(address, who())
    if as_json:
        return echo_json({"address": address, "url": url, "hours": 72})
    click.echo(url)
    click.echo(
        "It works once, within 72 hours, and sets the password of this mailbox for whoever has it: "
        "send it to the customer only.",
        err=True,
    )
