"""`serve`, `web`, `worker`: what runs for ever."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click

from bridge import store, wiring
from bridge.cli.config import settings_of
from bridge.cli.process import Process, configure_log, orders, report_lost_lines, to_the_end
from bridge.cli.session import opened
from bridge.config import HostPort, Settings
from bridge.config.values import optional_host_port
from bridge.domain.errors import NotPossible
from bridge.infra import garbage, logs, output, tracing
from bridge.store.queue.account_state import PERSON, RESTORED, pauses

log = logs.get("serve")

_host = click.option("--host", help="Address to listen on, instead of `listen`.")
_metrics = click.option(
    "--metrics-listen",
    metavar="HOST:PORT",
    help='Serve metrics at this address instead; "" for none.',
)
_port = click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on, instead of `listen`."
)


@click.command()
@_host
@_port
@_metrics
@click.pass_context
def serve(ctx: click.Context, /, **given: Any) -> None:
    """Run the bridge on one machine: receive hooks and process them."""
    run(lambda: chosen(settings_of(ctx), **given), web=True, work=True)


@click.command()
@_host
@_port
@_metrics
@click.pass_context
def web(ctx: click.Context, /, **given: Any) -> None:
    """Only receive hooks and queries; `worker` processes them.

    Run any number of both on one PostgreSQL.
    """
    run(lambda: chosen(shared(settings_of(ctx)), **given), web=True, work=False)


@click.command()
@_metrics
@click.pass_context
def worker(ctx: click.Context, /, **given: Any) -> None:
    """Only process received hooks.

    Next to `web` on one machine it needs its own --metrics-listen.
    """
    run(lambda: chosen(shared(settings_of(ctx)), **given), web=False, work=True)


def run(read: Callable[[], Settings], *, web: bool, work: bool) -> None:
    settings = read()
    following = orders()
    with output.steady(report_lost_lines):
        configure_log(settings)
        for warning in settings.warnings:
            log.warning(warning)
        with (
            serving(settings) as before,
            opened(settings) as service,
            tracing.traced(service.events),
        ):
            ready(service, before)
            tell_paused(service)
            process = Process(service, read, web=web, work=work)
            garbage.settle()
            with to_the_end():
                process.start()
                while (asked := following()) != "stop":
                    if asked == "reload":
                        process.reload()
                    process.look()
                process.stop()
        log.info("stopped")


@contextmanager
def serving(settings: Settings) -> Iterator[bool]:
    """No other process serves this database, if it is a file.

    Gives whether one did before. Raises ClickException.
    """
    file = store.sqlite_file(settings.bridge.database)
    if file is None:
        yield False
        return
    try:
        with store.sole(file) as before:
            yield before
    except NotPossible as refusal:
        raise click.ClickException(str(refusal)) from None


def ready(service: wiring.Service, before: bool) -> None:
    """SQLite is upgraded here; PostgreSQL by `db upgrade`, so that several processes do not
    surprise each other.

    `before`: a bridge served this file before.
    """
    present, needed = store.check(service.database)
    if present is None and service.database.embedded:
        tell = log.error if before else log.warning
        was = "but a bridge had one here before" if before else "in case you expected data here"
        tell(
            f"creating a new, empty database, {was}: stop and find the old one",
            database=str(service.database.file),
        )
    if present != needed and not service.database.embedded:
        raise click.ClickException(store.schema_fault(service.database, present, needed))
    wiring.prepare(service)
    wiring.correct_future_times(service)


def tell_paused(service: wiring.Service) -> None:
    """What does not go on by itself after a start: a restored database is paused until a person
    has looked."""
    for row in service.account_state.account_states():
        for pause in pauses(row):
            if pause.code in (RESTORED, PERSON):
                then = f"enom-bridge resume account {row['name']}"
                if pause.code == RESTORED:  # resume refuses before
                    then = f"enom-bridge reconcile --account {row['name']}; then: {then}"
                log.warning(
                    "account paused; hooks are accepted, nothing is sent to the mail provider",
                    account=row["name"],
                    why=pause.detail,
                    then=then,
                )


def chosen(
    settings: Settings,
    host: str | None = None,
    port: int | None = None,
    metrics_listen: str | None = None,
) -> Settings:
    """The settings with what the command line says instead."""
    bridge = settings.bridge
    listen = HostPort(host or bridge.listen.host, bridge.listen.port if port is None else port)
    metrics = bridge.metrics_listen
    if metrics_listen is not None:
        try:
            metrics = optional_host_port(metrics_listen)
        except ValueError as fault:
            raise click.BadParameter(str(fault), param_hint="--metrics-listen") from None
    return replace(settings, bridge=replace(bridge, listen=listen, metrics_listen=metrics))


def shared(settings: Settings) -> Settings:
    """`web` and `worker` apart need a database that several processes can write at once without
    waiting for each other."""
    if settings.bridge.database.startswith("sqlite"):
        text = (
            "Separate `web` and `worker` need PostgreSQL (bridge.database). With SQLite, "
            "`enom-bridge serve` does both."
        )
        raise click.UsageError(text)
    return settings
