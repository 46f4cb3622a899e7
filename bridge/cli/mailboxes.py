"""`enom-bridge mailboxes list|show|adopt|import`: what the bridge knows of mailboxes, and whose they are."""

from typing import Any

import click

from bridge import plan
from bridge.cli import importing
from bridge.cli.session import people, session
from bridge.cli.show import as_json, listing, paged, thing
from bridge.comparison import FOREIGN_SUSPENSION, owner_in_words
from bridge.errors import BridgeError
from bridge.intake import Forbidden, Intake
from bridge.model import Address, Record, State, in_words
from bridge.wiring import Service
from hooks.address import normalise

COLUMNS = ("address", "account", "source", "service_id", "state", "suspended_with", "delete_after", "observed_at")


class MailAddress(click.ParamType[str]):
    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return normalise(value)
        except ValueError as fault:
            self.fail(f"{value}: {fault}", param, ctx)


@click.group()
def mailboxes() -> None:
    """Mailboxes that the bridge knows: list, show, adopt, import."""


mailboxes.add_command(importing.import_)


@mailboxes.command("list")
@click.option("--source", help="Only what belongs to this source.")
@click.option("--service-id", help="Only what belongs to this service of billing.")
@click.option("--account", help="Only of this Enom account.")
@click.option("--domain", help="Only of this mail domain.")
@click.option("--state", help="active, suspended, absent or unknown.")
@paged
@click.pass_context
def listed(ctx: click.Context, /, **options: Any) -> None:
    """List mailboxes by address, as the bridge last knew them; nothing is asked of Enom."""
    listing(ctx, "mailboxes", COLUMNS, **options)


@mailboxes.command()
@click.argument("address", type=MailAddress())
@as_json
@click.pass_context
def show(ctx: click.Context, address: str, as_json: bool) -> None:
    """Show what the bridge knows of one mailbox, and whether its domain receives mail (DNS). Nothing is asked of Enom."""
    with session(ctx) as service:
        found = dict(service.lookup.mailbox(address))
        found["receives_mail"] = service.postal.receives_mail(found["account"], found["domain"])
    thing(found if as_json else found | _in_words(found.pop("receives_mail")), as_json)
    if not as_json:
        click.echo(f"\nIts jobs: enom-bridge jobs list --address {address}")


def _in_words(mail: dict[str, Any] | None) -> dict[str, Any]:
    if mail is None:
        return {}
    told = {"ready": "yes", "not_ready": "no", "unknown": "unknown"}[mail["status"]]
    return {"receives_mail": f"{told}. {mail['reason']}", "to_be_set_in_dns": mail["records"]}


@mailboxes.command()
@click.argument("address", type=MailAddress())
@click.option("--source", required=True, help="The source that it shall belong to.")
@click.option("--service-id", required=True, help="The service of that source.")
@click.option("--apply", "write", is_flag=True, help="Do it. Without this only what would change is shown.")
@as_json
@click.pass_context
def adopt(ctx: click.Context, address: str, source: str, service_id: str, write: bool, as_json: bool) -> None:
    """Give a mailbox that exists at Enom to a service, so that its hooks may change it. Enom itself is only read."""
    with session(ctx) as service:
        found = _adoption(service, address, source, service_id)
        if write and found["changes"]:
            people(service).adopt(service.settings.sources[source].account, Address.parse(address), source, service_id)
    found["applied"] = write and found["changes"]
    thing(found, as_json)
    if found["changes"] and not write and not as_json:
        click.echo("\nNothing is written yet. To do it, give the same command with --apply.")


def _adoption(service: Service, address: str, source: str, service_id: str) -> dict[str, Any]:
    """What is, and what would be. Raises ClickException when this mailbox cannot be adopted."""
    door = service.intake.doors.get(source)
    if door is None:
        raise importing.no_source(service, source)
    try:
        Intake.permit(door, address)
        seen = service.backends[door.account].observe(Address.parse(address))
    except (Forbidden, BridgeError) as error:
        raise click.ClickException(error.detail) from None
    if not seen.exists:
        told = "Enom does not list it" if seen.exists is False else "Enom's two systems disagree whether it exists"
        raise click.ClickException(f"{address} cannot be adopted: {told}. Let billing create it (mailbox.create).")
    record, terms = service.lookup.record(door.account, address), service.terms[door.account]
    state = plan.state_of(seen, record, terms)
    return {
        "address": address,
        "account": door.account,
        "state_at_enom": str(state),
        "pak": seen.pak and {"bundle": seen.pak.bundle, "expires": in_words(seen.pak.expires)},
        "owner_now": owner_in_words(record.source, record.service_id) if record.source else None,
        "owner_then": owner_in_words(source, service_id),
        "changes": not record.owned_by(source, service_id) or record.delete_after is not None,
        "remarks": list(_remarks(record, state)),
    }


def _remarks(record: Record, state: State) -> list[str]:
    found = []
    if record.source:
        found.append(f"Hooks of {owner_in_words(record.source, record.service_id)} will be refused (not_ours) from then on.")
    if record.delete_after is not None:
        found.append(f"Its deletion after {in_words(record.delete_after)} is called off.")
    if state is State.SUSPENDED and record.suspended_with is None:
        found.append(FOREIGN_SUSPENSION)
    return found
