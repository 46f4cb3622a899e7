"""`enom-bridge`: one file for each group of verbs. Parse, call, print; what decides anything stands elsewhere."""

import click

from bridge import __version__
from bridge.cli import (
    admin,
    audit,
    callbacks,
    config,
    db,
    demo,
    doctor,
    hooks,
    init,
    inventory,
    jobs,
    keys,
    mailboxes,
    observed,
    privacy,
    reconcile,
    replay,
    send,
    serve,
    sim,
    standing,
    undelete,
)

EPILOG = "Begin with `enom-bridge demo`, then `enom-bridge init`. Each command explains itself: enom-bridge COMMAND --help"


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    metavar="FILE",
    help="bridge.toml to use. Else $ENOM_BRIDGE_CONFIG, ./bridge.toml, /etc/enom-bridge/bridge.toml.",
)
@click.version_option(__version__, prog_name="enom-bridge")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """Signed billing hooks in, verified Enom mailbox changes and signed status callbacks out."""
    ctx.obj = {"config": config}


COMMANDS = (
    demo.demo,
    init.init,
    config.config,
    doctor.doctor,
    serve.serve,
    serve.web,
    serve.worker,
    db.db,
    sim.sim,
    send.send,
    hooks.hooks,
    jobs.jobs,
    replay.replay,
    mailboxes.mailboxes,
    reconcile.reconcile,
    inventory.inventory,
    observed.observed,
    standing.pause,
    standing.resume,
    callbacks.callbacks,
    audit.audit,
    admin.admin_link,
    admin.admin_password,
    keys.keys,
)
for command in COMMANDS:
    main.add_command(command)
for command in (undelete.undelete, privacy.export, privacy.erase):
    mailboxes.mailboxes.add_command(command)
