"""`enom-bridge`: one file for each group of verbs. Parse, call, print; what decides anything stands elsewhere."""

from collections import UserDict
from collections.abc import Iterator
from importlib import import_module

import click

from bridge import __version__

EPILOG = "Begin with `enom-bridge demo`, then `enom-bridge init`. Each command explains itself: enom-bridge COMMAND --help"
FILES = {
    "demo": "demo",
    "init": "init",
    "config": "config",
    "doctor": "doctor",
    "serve": "serve",
    "web": "serve",
    "worker": "serve",
    "db": "db",
    "sim": "sim",
    "send": "send",
    "hooks": "hooks",
    "jobs": "jobs",
    "replay": "replay",
    "mailboxes": "mailboxes",
    "reconcile": "reconcile",
    "inventory": "inventory",
    "observed": "observed",
    "pause": "standing",
    "resume": "standing",
    "callbacks": "callbacks",
    "audit": "audit",
    "admin-link": "admin",
    "admin-password": "admin",
    "keys": "keys",
}
"""Where each command stands."""


class Commands(UserDict[str, click.Command]):
    """Loads the file of a command when it is asked for: `serve` needs none of the others, and is to be up at once."""

    def __getitem__(self, name: str) -> click.Command:
        file = import_module(f"bridge.cli.{FILES[name]}")
        command: click.Command = getattr(file, name.replace("-", "_"))
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(FILES)

    def __contains__(self, name: object) -> bool:
        return name in FILES

    def __len__(self) -> int:
        return len(FILES)


@click.group(commands=Commands(), epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
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
