"""`enom-bridge`: one file for each group of verbs. Parse, call, print; what decides anything stands elsewhere."""

from collections import UserDict
from collections.abc import Iterator
from importlib import import_module

import click

from bridge import __version__

EPILOG = "Begin with `enom-bridge demo`, then `enom-bridge init`. Each command explains itself: enom-bridge COMMAND --help"
SECTIONS = {
    "Set it up": {"demo": "demo", "init": "init", "config": "config", "doctor": "doctor", "sim": "sim", "send": "send"},
    "Run it": {"serve": "serve", "web": "serve", "worker": "serve", "pause": "standing", "resume": "standing"},
    "See what happened, decide": {
        "jobs": "jobs",
        "hooks": "hooks",
        "callbacks": "callbacks",
        "replay": "replay",
        "audit": "audit",
        "admin-link": "admin",
        "admin-password": "admin",
    },
    "Mailboxes, and what Enom has": {
        "mailboxes": "mailboxes",
        "reconcile": "reconcile",
        "inventory": "inventory",
        "observed": "observed",
    },
    "Look after its data": {"db": "db", "keys": "keys"},
}
"""By what one wants to do: each command, and the file where it stands."""
FILES = {name: file for commands in SECTIONS.values() for name, file in commands.items()}


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


class Sections(click.Group):
    """Lists the commands under what one wants to do with them."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                short = ((name, self.commands[name].get_short_help_str(limit=200)) for name in names)
                formatter.write_dl(list(short), col_spacing=2)


@click.group(cls=Sections, commands=Commands(), epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
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
