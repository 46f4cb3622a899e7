"""`enom-bridge mailboxes undelete`: a deleted mailbox comes back with its mail, while hosted
email still keeps it."""

import click

from bridge.cli.address import MailAddress
from bridge.cli.session import operator, session
from bridge.cli.show import as_json, thing
from bridge.domain import plan
from bridge.domain.compare import unsettled
from bridge.domain.errors import BridgeError, NotPossible
from bridge.domain.model import Address, Deleted, State, to_rfc3339
from bridge.wiring import Service

AT_IT = "mailboxes.undelete"  # no source can have a name with a dot


@click.command()
@click.argument("address", type=MailAddress())
@click.option("--account", help="The account; needed if there are several.")
@click.option(
    "--apply",
    "write",
    is_flag=True,
    help="Do it. Without it, only what would be restored is shown.",
)
@as_json
@click.pass_context
def undelete(
    ctx: click.Context, address: str, account: str | None, write: bool, as_json: bool
) -> None:
    """Restore a deleted mailbox with its mail. Hosted email keeps it for 30 days, as long as its
    name is free.

    It comes back as it was, and belongs to no service until you adopt it.
    """
    with session(ctx) as service:
        account = only(service, account)
        try:
            found = kept(service, account, Address.parse(address))
            state, settles_at = State.ABSENT, 0.0
            if write:
                refuse_second(service, account, found)
                backend = service.accounts[account].backend
                backend.undelete(found)
                operator(service).noted("undelete", address)
                seen = backend.observe(found.address)
                record = service.lookup.record(account, address)
                state = plan.state_of(seen, record, service.accounts[account].terms)
                if unsettled(record, service.database.clock()):
                    settles_at = record.settles_at
        except BridgeError as error:
            raise click.ClickException(error.detail) from None
    thing(
        {
            "address": address,
            "account": account,
            "id": found.id,
            "applied": write,
            "state_at_enom": str(state),
        },
        as_json,
    )
    if as_json:
        return
    if not write:
        click.echo("\nNothing changed yet. To restore it, run the same command with --apply.")
    elif state in (State.ACTIVE, State.SUSPENDED):
        adopt = f"enom-bridge mailboxes adopt {address} --source SOURCE --service-id ID --apply"
        when = f", after {to_rfc3339(settles_at)}" if settles_at else ""
        click.echo(
            "\nRestored with its old password. It belongs to no service yet; to adopt it"
            f"{when}: {adopt}"
        )
    else:
        when = f" after {to_rfc3339(settles_at)}" if settles_at else ""
        click.echo(
            "\nThe mail provider accepted it, but does not show it yet. Check again"
            f"{when}: enom-bridge reconcile {address}"
        )


def refuse_second(service: Service, account: str, found: Deleted) -> None:
    """Raises NotPossible when somebody gave this command for the same mailbox just now: hosted
    email is asked once."""
    if not service.account_state.first_use(
        AT_IT, f"{account} {found.id}"[:128], 2 * service.settings.accounts[account].timeout
    ):
        raise NotPossible(
            f"{found.address} is being restored right now. In a minute: enom-bridge reconcile "
            f"{found.address}"
        )


def only(service: Service, account: str | None) -> str:
    known = sorted(service.accounts)
    if account in known:
        return account
    if account is None and len(known) == 1:
        return known[0]
    raise click.UsageError(
        f"--account: say which one; the configuration has {', '.join(known) or 'none'}"
    )


def kept(service: Service, account: str, address: Address) -> Deleted:
    """The newest that is kept under this name.

    Raises BridgeError, and NotPossible where there is none or the name is taken.
    """
    backend = service.accounts[account].backend
    if backend.observe(address).exists is not False:
        raise NotPossible(
            f"{address} exists at the mail provider, so no deleted mailbox of this name can be "
            "restored."
        )
    found = next(
        (each for each in backend.deleted(address.domain) if each.address == address), None
    )
    if found is None:
        raise NotPossible(
            f"Hosted email has no deleted mailbox {address}: it never existed, or was deleted "
            "more than 30 days ago."
        )
    return found
