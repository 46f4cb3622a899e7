"""`enom-bridge`: one file for each group of verbs.

Parse, call, print; what decides anything stands elsewhere.
"""

import errno
import os
import signal
import sys
from collections import UserDict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from bridge import __version__

EPILOG = (
    "Start with `enom-bridge demo`, then `enom-bridge init`. Help for each command: enom-bridge "
    "COMMAND --help"
)
SECTIONS = {
    "Set it up": {
        "demo": "demo",
        "init": "init",
        "config": "config",
        "doctor": "doctor",
        "sim": "sim",
        "send": "send",
    },
    "Run it": {
        "serve": "serve",
        "web": "serve",
        "worker": "serve",
        "pause": "pausing",
        "resume": "pausing",
    },
    "See what happened and decide": {
        "jobs": "jobs",
        "hooks": "hooks",
        "callbacks": "callbacks",
        "replay": "replay",
        "audit": "audit",
        "admin-link": "admin",
        "admin-password": "admin",
    },
    "Manage mailboxes": {
        "mailboxes": "mailboxes",
        "reconcile": "reconcile",
        "inventory": "inventory",
        "observed": "observed",
    },
    "Maintain its data": {"db": "db", "keys": "keys"},
}
"""By what one wants to do: each command, and the file where it stands."""
FILES = {name: file for commands in SECTIONS.values() for name, file in commands.items()}


class Commands(UserDict[str, click.Command]):
    """Loads the file of a command when it is asked for: `serve` needs none of the others, and is
    to be up at once."""

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


UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Program(click.Group):
    """Ends like other tools when nobody reads what it prints, or when that cannot be written.

    Its help lists the commands under what one wants to do with them.
    """

    def main(self, *args: Any, **more: Any) -> Any:
        open_standard_streams()
        return super().main(*args, **more)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with written():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with written():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                short = (
                    (name, self.commands[name].get_short_help_str(limit=200)) for name in names
                )
                formatter.write_dl(list(short), col_spacing=2)


@contextmanager
def written() -> Iterator[None]:
    """What a command could not print ends it: by SIGPIPE where the reader has gone, else with exit
    code 1 and a sentence.

    So does a path that this user may not go to: a backup or a configuration in /root, for the user of the service.
    """
    try:
        yield
    except BrokenPipeError:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        os._exit(128 + signal.SIGPIPE)  # the first process of a container survives such a signal
    except PermissionError as error:
        if error.filename is None:
            raise
        name = os.fsdecode(error.filename)
        raise click.ClickException(
            f"{name}: {error.strerror}. The user who runs this command has no access."
        ) from None
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        with open(os.devnull, "w") as nowhere:
            os.dup2(
                nowhere.fileno(), 1
            )  # else what is left of it would be tried once more, and complained of
        raise click.ClickException(f"the output cannot be written: {error.strerror}") from None


def open_standard_streams() -> None:
    """A stream that was closed leads nowhere from now on; else the next file or socket would get
    its number, and our lines."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)


@click.group(
    cls=Program,
    commands=Commands(),
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    metavar="FILE",
    help=(
        "bridge.toml to use. Default: $ENOM_BRIDGE_CONFIG, ./bridge.toml, "
        "/etc/enom-bridge/bridge.toml."
    ),
)
@click.version_option(__version__, prog_name="enom-bridge")
@click.pass_context
def main(ctx: click.Context, config: str | None) -> None:
    """Connect a billing platform to Enom mailboxes: signed hooks in, verified changes, signed
    callbacks out."""
    ctx.obj = {"config": config}
