"""What the views of one app share; `web_context()` is the only way to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Flask, current_app, request

from bridge.infra import clients
from bridge.web.metrics import Metrics
from bridge.web.readiness import ReadinessCheck
from bridge.web.refusals import Refusals
from bridge.web.thread_limits import ThreadLimits
from bridge.wiring import Service


@dataclass(frozen=True)
class WebContext:
    """`metrics`, `threads` and `refusals` are the server's: they outlive the app when its
    configuration changes.
    """

    service: Service
    metrics: Metrics
    threads: ThreadLimits
    refusals: Refusals
    readiness: ReadinessCheck

    @property
    def trusted_proxies(self) -> Sequence[clients.Network]:
        return self.service.settings.bridge.trusted_proxies


def web_context(app: Flask | None = None) -> WebContext:
    """Of this app, or of the one that the current request is for."""
    found: WebContext = (app or current_app).extensions["web"]
    return found


def sender() -> clients.Client | None:
    """Whose request it is; None where that cannot be known."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    return clients.of(request.remote_addr or "", forwarded, web_context().trusted_proxies)
