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
from bridge.infra import garbage

EPILOG = (
    "Start with `enom-bridge demo`, then `enom-bridge init`. Help for each command: enom-bridge "
    "COMMAND --help"
)
SECTIONS = {
    "Set it up": {
        "demo": (
            "demo",
            "Run the bridge end to end on this machine, with a simulated billing platform and a "
            "simulated Enom.",
        ),
        "init": (
            "init",
            "Write a configuration with fresh secrets and say what to paste into the billing platform.",
        ),
        "config": ("config", "Show or check the configuration."),
        "doctor": (
            "doctor",
            "Check configuration, database, mail provider, callback URLs and alerts.",
        ),
        "sim": (
            "sim",
            "Simulate Enom and the hosted-email API, on this machine only, until Ctrl-C.",
        ),
        "send": (
            "send",
            "Sign and send a hook (mailbox.create, …) or a query (connection.test, …) to a running "
            "bridge and show the result.",
        ),
        "conformance": (
            "conformance",
            "Try what a sender of hooks relies on against a running bridge, and whether the source's "
            "receiver of callbacks checks them.",
        ),
    },
    "Run it": {
        "serve": ("serve", "Run the bridge on one machine: receive hooks and process them."),
        "web": ("serve", "Only receive hooks and queries; `worker` processes them."),
        "worker": ("serve", "Only process received hooks."),
        "pause": (
            "pausing",
            "Pause an account (its jobs wait, hooks are still accepted) or a source (its hooks are "
            "answered 503).",
        ),
        "resume": ("pausing", "Resume a paused account or source."),
    },
    "See what happened and decide": {
        "jobs": ("jobs", "Jobs: list, show, explain, retry, approve, reject, cancel."),
        "hooks": ("hooks", "Received hooks: list, show, dismiss."),
        "callbacks": ("callbacks", "Callbacks to billing: list, resend."),
        "replay": ("replay", "Read received hooks or files again and show what they would do now."),
        "audit": ("audit", "The audit trail: who did what, and when."),
        "admin-link": ("admin", "Print a link that signs in to the admin pages once."),
        "admin-password": (
            "admin",
            "Ask for a password twice, without showing it, and print the hash for "
            "admin.password_hash.",
        ),
    },
    "Manage mailboxes": {
        "mailboxes": (
            "mailboxes",
            "Mailboxes known to the bridge: list, show, adopt, import, undelete, password-link, export, "
            "erase.",
        ),
        "reconcile": ("reconcile", "Compare the bridge's record with Enom."),
        "subscriptions": (
            "subscriptions",
            "Compare the subscriptions of a platform such as Stripe with what the bridge has.",
        ),
        "inventory": (
            "inventory",
            "Show mailboxes paid for at Enom but terminated in billing, active in billing but "
            "missing at Enom, and paks that expire or are empty, as of the last `reconcile`.",
        ),
        "observed": (
            "observed",
            'Check, after some days with mode = "observe", whether the bridge would have done the '
            "same as your present system.",
        ),
    },
    "Maintain its data": {
        "db": ("db", "The database: upgrade or check its schema, back it up, restore it."),
        "keys": ("keys", "Encryption keys of stored data: make a new one, rotate."),
    },
}
"""By what one wants to do: each command, the file where it stands, and what `--help` says of it.

The sentence is the first of the command's own help: said here, nothing needs to be loaded for it.
"""
COMMANDS = {name: entry for commands in SECTIONS.values() for name, entry in commands.items()}


class Commands(UserDict[str, click.Command]):
    """Loads the file of a command when it is asked for: `serve` needs none of the others, and is
    to be up at once."""

    def __getitem__(self, name: str) -> click.Command:
        file = import_module(f"bridge.cli.{COMMANDS[name][0]}")
        command: click.Command = getattr(file, name.replace("-", "_"))
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __contains__(self, name: object) -> bool:
        return name in COMMANDS

    def __len__(self) -> int:
        return len(COMMANDS)


UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Program(click.Group):
    """Ends like other tools when nobody reads what it prints, or when that cannot be written.

    Its help lists the commands under what one wants to do with them.
    """

    def main(self, *args: Any, **more: Any) -> Any:
        open_standard_streams()
        garbage.collect_apart()
        return super().main(*args, **more)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with written():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with written():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                short = [(name, sentence) for name, (_, sentence) in commands.items()]
                formatter.write_dl(short, col_spacing=2)


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
