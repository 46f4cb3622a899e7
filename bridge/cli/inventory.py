"""`enom-bridge inventory`: what is paid for at Enom beside what billing knows."""

import click

from bridge.cli.reconcile import chosen
from bridge.cli.session import session
from bridge.cli.show import as_json, echo_json, word
from bridge.reconcile import inventory as inventories


@click.command()
@click.option("--account", help="Only this account. Default: all.")
@click.option(
    "--csv",
    "as_csv",
    is_flag=True,
    help="Print CSV, a line for each pak and each mailbox to check.",
)
@click.option("--all", "everything", is_flag=True, help="Print every line of every list.")
@as_json
@click.pass_context
def inventory(
    ctx: click.Context, account: str | None, as_csv: bool, everything: bool, as_json: bool
) -> None:
    """Show mailboxes paid for at Enom but terminated in billing, active in billing but missing at Enom, and paks that expire
    or are empty, as of the last `reconcile`. Enom is not queried.

    With accounts.NAME.place_price in bridge.toml it shows the cost too.
    """
    with session(ctx) as service:
        found = [service.inventory(name) for name in chosen(service, account, ())]
    if as_csv:
        return click.echo(inventories.as_csv(found), nl=False)
    if as_json:
        return echo_json({"items": [inventories.described(each) for each in found], "next": None})
    for each in found:
        for line in inventories.lines(each, None if everything else 10):
            click.echo(word(line))
