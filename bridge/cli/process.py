"""One process that serves or works: starts, takes over a changed configuration, stops.

No hook is refused meanwhile.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

import click

from bridge import wiring
from bridge.cli.config import Misconfigured
from bridge.config import HostPort, Settings
from bridge.domain.errors import StoreUnavailable
from bridge.engine import Engine
from bridge.infra import logs, output
from bridge.web import create_app
from bridge.web.metrics import Listener, Metrics
from bridge.web.server import THREADS, Server

log = logs.get("serve")

AWAKE = 1.0  # seconds until a signal is acted upon at the latest
FIXED = ("listen", "metrics_listen", "database")
"""What a reload leaves as it was: sockets are bound and the database is open."""


class Process:
    """`read` gives the settings as they are now, with what the command line says instead.

    Raises ClickException.
    """

    def __init__(
        self, service: wiring.Service, read: Callable[[], Settings], *, web: bool, work: bool
    ) -> None:
        self._service, self._read = service, read
        self._metrics = Metrics(service)
        self._server = self._listen() if web else None
        self._told = metrics_listener(self._metrics, service.settings.bridge.metrics_listen)
        self._engine: Engine | None = service.new_engine() if work else None

    def start(self) -> None:
        if self._engine:
            self._engine.start()
        if self._server:
            self._server.start()
        listening = str(self._service.settings.bridge.listen) if self._server else None
        log.info("ready", listening=listening, working=self._engine is not None)

    def reload(self) -> None:
        """Reads the configuration again.

        Good: a new app and engine take over, then the old ones finish what they are at.
        """
        try:
            settings = self._kept(self._read())
            service = wiring.build(settings, upon=self._service)
            service.account_state.know(settings.accounts, settings.sources)
            engine = service.new_engine() if self._engine else None
            if engine:
                engine.start()
        except Misconfigured as error:
            for key, fault in error.faults:
                log.error("the configuration is faulty", where=key, fault=fault)
            log.error(
                "not reloaded: the previous configuration stays active", faults=len(error.faults)
            )
            return
        except click.ClickException as error:
            log.error("not reloaded: the previous configuration stays active", fault=error.message)
            return
        except StoreUnavailable as error:
            log.error("not reloaded: the database is not reachable; reload again", error=str(error))
            return
        configure_log(settings)
        if self._server:
            self._server.take(create_app(service, THREADS, self._metrics, self._server.app))
        self._metrics.follow(service)
        self._service, self._engine, before = service, engine, self._engine
        for warning in settings.warnings:
            log.warning(warning)
        if before:
            before.stop()
        log.info("reloaded")

    def look(self) -> None:
        """Raises Broken when a part that should run for ever has ended."""
        if gone := [
            *(self._server.gone() if self._server else ()),
            *(self._engine.gone() if self._engine else ()),
        ]:
            raise PartsEnded(gone)

    def stop(self) -> None:
        log.info("stopping; running jobs finish first")
        if self._server:
            self._server.stop()
        if self._engine:
            self._engine.stop()
        if self._told:
            self._told.stop()
        self._save()

    def _save(self) -> None:
        """The end of this process is the end of a file that was removed: what is in it stays,
        beside its old place."""
        try:
            saved = self._service.database.save()
            if saved is None:
                return
            text = (
                "the database file was removed or replaced; its content was saved: check it, then "
                "move it back"
            )
            log.error(text, kept=str(saved))
        except StoreUnavailable as error:
            log.error("the database is lost", error=str(error))
        # Not closed: SQLite would remove by name what may belong to another database by now.
        output.drain()
        os._exit(1)

    def _kept(self, settings: Settings) -> Settings:
        now = self._service.settings.bridge
        for key in FIXED:
            if getattr(settings.bridge, key) != getattr(now, key):
                log.warning(
                    "this change needs a restart; the previous value stays active until then",
                    where=f"bridge.{key}",
                )
        return replace(
            settings, bridge=replace(settings.bridge, **{key: getattr(now, key) for key in FIXED})
        )

    def _listen(self) -> Server:
        bridge = self._service.settings.bridge
        try:
            return Server(create_app(self._service, THREADS, self._metrics), bridge.listen, None)
        except OSError as error:
            text = (
                f"cannot listen on {bridge.listen}: {error.strerror}. Is another bridge running? "
                "Another port: --port, --metrics-listen"
            )
            raise click.ClickException(text) from None


def metrics_listener(metrics: Metrics, address: HostPort | None) -> Listener | None:
    """None where none is wanted, or where the address is taken: mail is worth more than its
    figures."""
    if address is None:
        return None
    try:
        return Listener(metrics, address)
    except OSError as error:
        text = (
            "no metrics: each process on a machine needs its own address: --metrics-listen "
            'HOST:PORT, or "" for none'
        )
        log.error(text, metrics_listen=str(address), error=error.strerror)
        return None


def configure_log(settings: Settings) -> None:
    logs.configure("json" if settings.bridge.log_format == "json" else "text")


class PartsEnded(Exception):
    """Parts of the process have ended by themselves."""

    def __init__(self, parts: Sequence[str]) -> None:
        super().__init__(", ".join(parts))
        self.parts = parts


@contextmanager
def to_the_end() -> Iterator[None]:
    """Whatever ends this block ends the process, at once and with exit code 1.

    The threads of its parts would go on without anybody who hears a signal, and keep an interpreter that ends waiting for ever.
    Nothing is lost by it: what is to be done stands in the database, as after a kill.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, PartsEnded):
            log.critical(
                (
                    "a part of the bridge stopped unexpectedly; this process exits, so that it can "
                    "be restarted"
                ),
                parts=error.parts,
            )
        else:
            log.critical(
                "unexpected error; this process exits, so that it can be restarted", exc_info=True
            )
        output.drain()
        os._exit(1)


def report_lost_lines(lines: int) -> None:
    log.warning("log lines could not be written and are lost", lines=lines)


def orders() -> Callable[[], str]:
    """Gives `reload` or `stop`, as signals ask for it, one after the other; empty while nothing
    was asked for a moment."""
    asked: SimpleQueue[str] = SimpleQueue()
    at_a_terminal = sys.stdin is not None and sys.stdin.isatty()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.put("stop"))
    signal.signal(
        signal.SIGHUP, lambda *_: asked.put("stop" if at_a_terminal and hung_up() else "reload")
    )

    def following() -> str:
        # Python runs a handler between two steps of this thread only: a wait without end could
        # sleep through a signal.
        with suppress(Empty):
            return asked.get(timeout=AWAKE)
        return ""

    return following


def hung_up() -> bool:
    """Whether the terminal is gone: then this signal says so, and asks for nothing."""
    return not os.isatty(0)
