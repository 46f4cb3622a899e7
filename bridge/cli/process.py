"""One process that serves or works: starts, takes over a changed configuration, stops. No hook is refused meanwhile."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from queue import Empty, SimpleQueue

import click

from bridge import logs, wiring
from bridge.cli.config import Misconfigured
from bridge.config import Address, Settings
from bridge.errors import StoreUnavailable
from bridge.running import Engine
from bridge.web import create_app
from bridge.web.metrics import Listener, Metrics
from bridge.web.server import THREADS, Server

log = logs.get("serve")

AWAKE = 1.0  # seconds until a signal is acted upon at the latest
FIXED = ("listen", "metrics_listen", "database")
"""What a reload leaves as it was: sockets are bound and the database is open."""


class Process:
    """`read` gives the settings as they are now, with what the command line says instead. Raises ClickException."""

    def __init__(self, service: wiring.Service, read: Callable[[], Settings], *, web: bool, work: bool) -> None:
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
        """Reads the configuration again. Good: a new app and engine take over, then the old ones finish what they are at."""
        try:
            settings = self._kept(self._read())
            service = wiring.build(settings, upon=self._service)
            service.standing.know(settings.accounts, settings.sources)
            engine = service.new_engine() if self._engine else None
            if engine:
                engine.start()
        except Misconfigured as error:
            for key, fault in error.faults:
                log.error("the configuration is faulty", where=key, fault=fault)
            log.error("not reloaded: the configuration from before stays in force", faults=len(error.faults))
            return
        except click.ClickException as error:
            log.error("not reloaded: the configuration from before stays in force", fault=error.message)
            return
        except StoreUnavailable as error:
            log.error("not reloaded: the database is away; reload again", error=str(error))
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

    def stop(self) -> None:
        log.info("stopping; what is under way is finished first")
        if self._server:
            self._server.stop()
        if self._engine:
            self._engine.stop()
        if self._told:
            self._told.stop()

    def _kept(self, settings: Settings) -> Settings:
        now = self._service.settings.bridge
        for key in FIXED:
            if getattr(settings.bridge, key) != getattr(now, key):
                log.warning("this takes a restart; until then it stays as it was", where=f"bridge.{key}")
        return replace(settings, bridge=replace(settings.bridge, **{key: getattr(now, key) for key in FIXED}))

    def _listen(self) -> Server:
        bridge = self._service.settings.bridge
        try:
            return Server(create_app(self._service, THREADS, self._metrics), bridge.listen, None)
        except OSError as error:
            text = f"cannot listen on {bridge.listen}: {error.strerror}. Is another bridge running?"
            raise click.ClickException(text) from None


def metrics_listener(metrics: Metrics, address: Address | None) -> Listener | None:
    """None where none is wanted, or where the address is taken: mail is worth more than its figures."""
    if address is None:
        return None
    try:
        return Listener(metrics, address)
    except OSError as error:
        text = 'no metrics; each process on a machine needs an address of its own: --metrics-listen HOST:PORT, or "" for none'
        log.error(text, metrics_listen=str(address), error=error.strerror)
        return None


def configure_log(settings: Settings) -> None:
    logs.configure("json" if settings.bridge.log_format == "json" else "text")


def orders() -> Callable[[], str]:
    """Gives `reload` or `stop`, as signals ask for it, one after the other."""
    asked: SimpleQueue[str] = SimpleQueue()
    at_a_terminal = sys.stdin is not None and sys.stdin.isatty()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.put("stop"))
    signal.signal(signal.SIGHUP, lambda *_: asked.put("stop" if at_a_terminal and hung_up() else "reload"))

    def following() -> str:
        while True:
            # Python runs a handler between two steps of this thread only: a wait without end could sleep through a signal.
            with suppress(Empty):
                return asked.get(timeout=AWAKE)

    return following


def hung_up() -> bool:
    """Whether the terminal is gone: then this signal says so, and asks for nothing."""
    return not os.isatty(0)
