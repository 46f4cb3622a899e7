"""Prometheus metrics, on a listener of their own.

What the database knows is read when it is asked for.
"""

import platform
import socket
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge import __version__
from bridge.config import HostPort
from bridge.domain.actions import ACTIONS
from bridge.domain.errors import StoreUnavailable
from bridge.domain.jobs import ENDED
from bridge.infra import output
from bridge.infra.events import Attributes
from bridge.web.thread_limits import SCRAPE_SECONDS, SCRAPES
from bridge.wiring import Service

CALLBACK_OUTCOMES = ("delivered", "pending", "stopped", "exhausted")
CALL_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60)
JOB_SECONDS = (1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 259200)


class Metrics:
    """Counts what this process does, by listening to the service's Events, and shows what the
    database knows.
    """

    def __init__(self, service: Service) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "enom_bridge_requests",
            "Signed requests answered.",
            ["path", "source", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "enom_bridge_request_duration_seconds",
            "Time to answer a signed request.",
            ["path"],
            registry=registry,
        )
        self._ignored = Counter(
            "enom_bridge_hooks_ignored",
            "Events of a platform with webhooks of its own that mean nothing to the bridge.",
            ["source"],
            registry=registry,
        )
        self._calls = Counter(
            "enom_bridge_enom_calls",
            "Calls to the mail provider.",
            ["account", "api", "command", "outcome"],
            registry=registry,
        )
        self._call_seconds = Histogram(
            "enom_bridge_enom_call_duration_seconds",
            "Time of a call to the mail provider.",
            ["api", "command"],
            buckets=CALL_SECONDS,
            registry=registry,
        )
        self._claims = Counter(
            "enom_bridge_jobs_claimed",
            "Attempts at jobs that were started.",
            ["account"],
            registry=registry,
        )
        self._ended = Counter(
            "enom_bridge_jobs_ended",
            "Jobs that ended.",
            ["action", "status"],
            registry=registry,
        )
        self._job_seconds = Histogram(
            "enom_bridge_job_duration_seconds",
            "Time from a hook to the end of its job.",
            ["action"],
            buckets=JOB_SECONDS,
            registry=registry,
        )
        self._retries = Counter(
            "enom_bridge_job_retries",
            "Attempts that ended without a result, so the job is retried.",
            ["account", "reason"],
            registry=registry,
        )
        self._callbacks = Counter(
            "enom_bridge_callbacks_sent",
            "Attempts to deliver a callback.",
            ["source", "outcome"],
            registry=registry,
        )
        self._notes = Counter(
            "enom_bridge_notes_sent", "Alerts to the admin.", ["outcome"], registry=registry
        )
        self._turned = Gauge(
            "enom_bridge_loop_turned_timestamp_seconds",
            "When a loop of a worker last ran.",
            ["loop"],
            registry=registry,
        )
        self._chores = Gauge(
            "enom_bridge_chore_failing",
            "1 while the last run of a background task of this worker failed.",
            ["chore"],
            registry=registry,
        )
        info = Gauge(
            "enom_bridge_build_info",
            "Always 1; the labels name the versions.",
            ["version", "python"],
            registry=registry,
        )
        info.labels(__version__, platform.python_version()).set(1)
        registry.register(Output())
        registry.register(Stored(self))
        service.events.add(self)
        self.follow(service)

    def follow(self, service: Service) -> None:
        """From now on of this service; what was counted stays."""
        self.service, self._sources = service, frozenset(service.settings.sources)
        # From nothing to one is no increase for Prometheus: what alarms look at begins with 0.
        for source in self._sources:
            for outcome in CALLBACK_OUTCOMES:
                self._callbacks.labels(source, outcome)
            for path in ("hook", "query"):
                self._requests.labels(path, source, "401")
        for name, known in service.sources.items():
            if known.own_webhooks is not None:
                self._ignored.labels(name)
        for outcome in ("sent", "failed"):
            self._notes.labels(outcome)
        for action in ACTIONS:
            for status in ("succeeded", "failed", "held"):
                self._ended.labels(action, status)

    def request(self, path: str, source: str, status: int, seconds: float) -> None:
        # A stranger's made-up names must not grow the number of series.
        known = source if source in self._sources else "unknown"
        self._requests.labels(path, known, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def begin(self, kind: str, facts: Attributes) -> None:
        if kind == "attempt":
            self._claims.labels(facts["account"]).inc()

    def end(self, begun: None, kind: str, facts: Attributes, seconds: float) -> None:
        match kind:
            case "call":
                self._calls.labels(
                    facts["account"], facts["api"], facts["command"], facts["outcome"]
                ).inc()
                self._call_seconds.labels(facts["api"], facts["command"]).observe(seconds)
            case "hook" if facts["outcome"] == "ignored":
                self._ignored.labels(facts["source"]).inc()
            case "attempt" if facts["outcome"] in ENDED:
                self._ended.labels(facts["action"], facts["outcome"]).inc()
                self._job_seconds.labels(facts["action"]).observe(facts["age"])
            case "attempt":
                self._retries.labels(facts["account"], facts.get("waiting_for", "lost")).inc()
            case "callback":
                self._callbacks.labels(facts["source"], facts["outcome"]).inc()
            case "notes":
                self._notes.labels(facts["outcome"]).inc(facts["count"])
            case "chore":
                self._chores.labels(facts["name"]).set(facts["outcome"] == "failed")
            case "turn":
                self._turned.labels(facts["loop"]).set_to_current_time()


class Output(Collector):
    """The log lines that were lost because nobody read them fast enough."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        text = "Log lines that could not be written."
        yield CounterMetricFamily("enom_bridge_log_lines_lost", text, value=output.lost())


class Stored(Collector):
    """Gauges from the database; none while it is away."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        service = self._metrics.service
        try:
            gauges = service.gauges.read()
        except StoreUnavailable:
            return
        for gauge in gauges:
            family = GaugeMetricFamily(f"enom_bridge_{gauge.name}", gauge.text, labels=gauge.labels)
            for labels, value in gauge.values:
                family.add_metric(labels, value)
            yield family


class Scrape(WSGIRequestHandler):
    """One who asks for the metrics, and has to do so in good time."""

    timeout = SCRAPE_SECONDS

    def log_message(self, *_: Any) -> None:
        """Nothing: it happens every few seconds."""


class Scrapes(ThreadingWSGIServer):
    """A thread for each who asks, and only so many: one more is closed at once."""

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self._free = threading.BoundedSemaphore(SCRAPES)
        found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        self.address_family = found[0][0]
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: who was too slow, or has gone, is no fault of ours."""


class Listener:
    """Serves the metrics, without any sign-in.

    The address is bound when this returns. Raises OSError.
    """

    def __init__(self, metrics: Metrics, listen: HostPort) -> None:
        self._server = make_server(
            listen.host, listen.port, make_wsgi_app(metrics.registry), Scrapes, Scrape
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()
        self.port = self._server.server_port

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
