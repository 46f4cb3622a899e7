"""One command's time with the bridge: configuration read, schema right, every refusal a sentence
with exit code 1."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from bridge import store, wiring
from bridge.cli.config import settings_of
from bridge.config import Settings
from bridge.domain.errors import NotPossible, StoreUnavailable, UnknownThing
from bridge.domain.ports import SourcePaused, SuspensionsPaused
from bridge.store import OperatorActions
from bridge.wiring import Service


class opened:
    """A service for one command.

    A database that cannot be used ends the command with exit code 1 and a sentence.
    """

    def __init__(self, settings: Settings) -> None:
        self.service = wiring.build(settings)

    def __enter__(self) -> Service:
        return self.service

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.service.close()
        if isinstance(error, StoreUnavailable):
            remedy = store.remedy(
                self.service.database, f"`database` in {self.service.settings.path}"
            )
            raise click.ClickException(f"{error} {remedy}") from None
        if isinstance(error, NotPossible):
            raise click.ClickException(str(error)) from None


@contextmanager
def session(ctx: click.Context) -> Iterator[Service]:
    """The wired bridge.

    Raises Misconfigured (exit code 2), or ClickException for what cannot be done.
    """
    with opened(settings_of(ctx)) as service:
        present, needed = store.check(service.database)
        if present != needed:
            raise click.ClickException(store.schema_fault(service.database, present, needed))
        try:
            yield service
        except (UnknownThing, NotPossible) as refusal:
            raise click.ClickException(str(refusal)) from None
        except SourcePaused as paused:
            stopped = isinstance(paused, SuspensionsPaused)
            what = (
                f"Suspensions of source {paused} are refused"
                if stopped
                else f"Source {paused} is paused"
            )
            text = f"{what}. First: enom-bridge resume source {paused}"
            raise click.ClickException(text) from None


def who() -> str:
    """Whoever gives this command, as the audit trail names them."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):  # a user id without a name, as in a container
        user = f"user id {os.getuid()}"
    return f"{user} (command line)"


def operator(service: Service) -> OperatorActions:
    return service.operator.by(who())


def remind(service: Service) -> None:
    """Says so when what was just asked for will not happen, because nothing runs."""
    if not service.account_state.worker_alive():
        click.echo(
            (
                "No worker is running, so nothing happens until you "
                "start `enom-bridge serve` (or `worker`)."
            ),
            err=True,
        )
