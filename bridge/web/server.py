"""Serves the app with waitress, which reads slow senders in one loop.

A thread is handed only what has arrived whole.
"""

import sys
import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.trigger import trigger

from bridge.config import HostPort
from bridge.web.connection import MOST_OPEN, Connection
from bridge.web.context import web_context
from bridge.web.direct import DirectHooks
from bridge.web.dispatcher import Dispatcher
from bridge.web.listener import LimitedListener
from bridge.web.loop import Loop
from bridge.web.metrics import Listener

THREADS = 16
# Seconds; Python's own 5 ms are long for who holds the database's lock and waits for the
# interpreter.
TURN = 0.001


class Server:
    """A listener for the app and, when asked for, one for its metrics.

    Addresses are bound when this returns.
    """

    def __init__(
        self, app: Flask, listen: HostPort, metrics_listen: HostPort | None, threads: int = THREADS
    ) -> None:
        self._channels: dict[int, Any] = {}
        self._loop = Loop(self._channels)
        self._dispatcher = Dispatcher(threads, self._receive)
        self.app = app
        self._over = threading.Event()
        settings: Any = Adjustments(
            host=listen.host,
            port=listen.port,
            ident=None,
            expose_tracebacks=False,
            log_socket_errors=False,  # strangers make as many as they like
            channel_timeout=30,
            # Never reached: from MOST_OPEN on a connection closes another.
            connection_limit=MOST_OPEN + 100,
            max_request_header_size=32 * 1024,
            # The app answers 413 itself from 64 KiB on; this only bounds what is buffered for it.
            max_request_body_size=256 * 1024,
            # Beyond these, a buffer of one connection goes to a temporary file.
            inbuf_overflow=64 * 1024,
            outbuf_overflow=64 * 1024,
            # Whose word of the client's address counts is decided in bridge/infra/clients.py, by
            # trusted_proxies.
            clear_untrusted_proxy_headers=False,
        )
        # A name such as localhost may stand for several addresses. Each listener is in the map, and
        # one loop runs it.
        try:
            listeners = [self._listener(settings, place) for place in settings.listen]
        except OSError:
            for opened in list(self._channels.values()):
                opened.close()
            raise
        self._listeners = len(listeners)
        self._server: Any = listeners[0]
        self.port = int(self._server.effective_port)
        self.metrics = (
            Listener(web_context(app).metrics, metrics_listen) if metrics_listen else None
        )

    def take(self, app: Flask) -> None:
        """Lets this app answer from the next request on; what is being answered comes to its end in
        the old one.
        """
        self.app = app

    def start(self) -> None:
        sys.setswitchinterval(TURN)
        self._thread = threading.Thread(target=self._loop.run, name="web")
        self._thread.start()
        self._reporter = threading.Thread(
            target=web_context(self.app).refusals.run, args=(self._over,), name="refusals"
        )
        self._reporter.start()

    def gone(self) -> list[str]:
        """What has ended, though nobody asked for a stop: the loop, or a socket that it closed
        after a fault.
        """
        if not self._thread.is_alive():
            return ["web"]
        here = sum(isinstance(item, LimitedListener) for item in list(self._channels.values()))
        return ["listener"] if here < self._listeners else []

    def stop(self) -> None:
        """Lets what is being answered end, for at most five seconds; closes every connection."""
        self._dispatcher.shutdown()
        # In the loop's own thread: a descriptor closed under its select could be another
        # connection's by then.
        loop: Any = next(
            item for item in list(self._channels.values()) if isinstance(item, trigger)
        )
        pulled = threading.Event()
        loop.pull_trigger(partial(self._close, pulled))
        pulled.set()
        self._thread.join()
        self._over.set()
        self._reporter.join()
        if self.metrics is not None:
            self.metrics.stop()

    def _close(self, pulled: threading.Event) -> None:
        # Something else may have woken the loop already, and the trigger that is closed here would
        # be pulled afterwards.
        pulled.wait()
        for item in list(self._channels.values()):
            if isinstance(item, Connection):
                # With what has arrived of a request, which may lie in a temporary file.
                item.handle_close()
        wasyncore.close_all(self._channels)

    def _receive(self, hooks: Sequence[Any]) -> Sequence[bool]:
        direct: DirectHooks = self.app.extensions["hooks"]
        return direct.take(hooks)

    def _listener(self, settings: Any, place: Any) -> LimitedListener:
        made: Any = LimitedListener  # what it is given is not in the published stubs
        listener: LimitedListener = made(
            lambda environ, respond: self.app(environ, respond),
            map=self._channels,
            dispatcher=self._dispatcher,
            adj=settings,
            sockinfo=place,
        )
        listener.loop = self._loop
        listener.trusted = lambda: web_context(self.app).trusted_proxies
        return listener
