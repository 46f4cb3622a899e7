"""`enom-bridge mailboxes export|erase`: what is held on an address, and its removal."""

from functools import partial

import click

from bridge.cli.address import MailAddress
from bridge.cli.session import operator, session
from bridge.cli.show import as_json, echo_json
from bridge.domain.errors import BridgeError, NotPossible
from bridge.domain.model import Address
from bridge.infra.crypto import Purpose, Sealer, Unsealable
from bridge.reconcile.drift import was_never_there
from bridge.store import PersonalData, Privacy, names
from bridge.store.base.rows import to_record
from bridge.wiring import Service

ELSEWHERE = (
    "Not covered: the log, backups of the database, and data kept by billing and the mail provider "
    "(docs/data-protection.md)."
)


@click.command()
@click.argument("address", type=MailAddress())
@click.option("--json", "as_json", is_flag=True, help="Print JSON; this command always does.")
@click.pass_context
def export(ctx: click.Context, address: str, as_json: bool) -> None:
    """Print everything stored about an address, as JSON without secrets. Enom is not queried."""
    with session(ctx) as service:
        held = privacy(service).held(address)
    echo_json({"address": address, **held.describe()})


@click.command()
@click.argument("address", type=MailAddress())
@click.option(
    "--apply", "write", is_flag=True, help="Do it. Without it, only what would be removed is shown."
)
@as_json
@click.pass_context
def erase(ctx: click.Context, address: str, write: bool, as_json: bool) -> None:
    """Remove everything stored about an address whose mailbox is gone at Enom. Nothing is changed
    at Enom.

    Refused while the mailbox exists, a job is open or a callback is pending. Purchases are kept.
    """
    with session(ctx) as service:
        guard = privacy(service)
        held = guard.held(address)
        guard.refuse_open(held)
        require_absence(service, held)
        removed = {what: len(rows) for what, rows in held.rows.items() if what != "purchases"}
        if write:
            removed = dict(guard.erase(address))
            operator(service).noted("erase", "(erased address)")
    stays = len(held.rows["purchases"])
    if as_json:
        return echo_json(
            {"address": address, "applied": write, "removed": removed, "purchases_kept": stays}
        )
    counted = ", ".join(f"{what} {count}" for what, count in removed.items() if count) or "nothing"
    click.echo(f"{'Removed' if write else 'To be removed'}: {counted}.")
    if stays:
        click.echo(f"Kept: purchases {stays}; they name domain and order, but no address.")
    click.echo(ELSEWHERE)
    if not write:
        click.echo("\nNothing changed yet. To remove it, run the same command with --apply.")


def privacy(service: Service) -> Privacy:
    return Privacy(service.database, partial(mentions, service.sealer))


def mentions(sealer: Sealer, sealed: str, address: str) -> bool:
    """Whether the body of a parked hook names this address."""
    try:
        return names(sealer.open(Purpose.CONTENT, sealed), address)
    except Unsealable:
        return False  # nobody can read it any more; it is wiped within 72 hours


def require_absence(service: Service, held: PersonalData) -> None:
    """Raises NotPossible unless Enom itself shows that the mailbox is gone: with its row goes
    the knowledge whose it is."""
    for row in held.rows["mailboxes"]:
        account, address = row["account"], row["address"]
        if account not in service.accounts:
            text = (
                f"Account {account} is not in the configuration, so the bridge cannot check "
                f"whether {address} still exists."
            )
            raise NotPossible(f"{text} Put [accounts.{account}] back first.")
        try:
            seen = service.accounts[account].backend.observe(Address.parse(address))
        except BridgeError as error:
            if error.code == "domain_not_in_account" and was_never_there(to_record(row)):
                continue  # a mistyped domain: nothing is on record that could be lost
            raise NotPossible(
                f"Could not check at the mail provider whether {address} still exists: "
                f"{error.detail}"
            ) from None
        if seen.exists is not False:
            whose = (
                f"service {row['service_id']} of {row['source']}"
                if row["source"]
                else "no known service"
            )
            raise NotPossible(
                f"{address} still exists at the mail provider and belongs to {whose}, so its "
                "record is needed. "
                "Terminate it from billing "
                "first (mailbox.terminate)."
            )
