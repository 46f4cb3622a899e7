"""The HTTP side: one small Flask app. Raw body first; nothing parses it before its signature was checked."""

from flask import Flask

from bridge.web import admin, health, openapi, problems, receive
from bridge.web.metrics import Metrics
from bridge.wiring import Service

MOST_BYTES = 64 * 1024


def create_app(service: Service, threads: int = 16, metrics: Metrics | None = None) -> Flask:
    """`threads` the server has; at most half of them hold an answer for `Prefer: wait`."""
    app = Flask("enom-bridge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.url_map.merge_slashes = False  # else //hooks is answered with a redirect to a host that the request names
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the contract's order is for people
    app.extensions["metrics"] = metrics = metrics or Metrics(service)
    receive.add_to(app, service, metrics, max(1, threads // 2))
    health.add_to(app, service)
    openapi.add_to(app)
    problems.add_to(app)
    admin.add_to(app, service)
    return app
