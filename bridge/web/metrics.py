"""Prometheus metrics, on a listener of their own. What the database knows is read when it is asked for."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from bridge.errors import StoreUnavailable
from bridge.wiring import Service


class Metrics:
    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self._sources = frozenset(service.settings.sources)
        self._requests = Counter(
            "enom_bridge_requests", "Signed requests answered.", ["path", "source", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "enom_bridge_request_duration_seconds", "Time to answer a signed request.", ["path"], registry=self.registry
        )
        self.registry.register(Stored(service))

    def request(self, path: str, source: str, status: int, seconds: float) -> None:
        # A stranger's made-up names must not grow the number of series.
        known = source if source in self._sources else "unknown"
        self._requests.labels(path, known, str(status)).inc()
        self._seconds.labels(path).observe(seconds)


class Stored(Collector):
    """Gauges from the database; none while it is away."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        try:
            counts = self._service.lookup.counts()
            accounts = self._service.standing.account_states()
        except StoreUnavailable:
            return
        for name, (text, values) in counts.items():
            family = GaugeMetricFamily(f"enom_bridge_{name}", text, labels=["status"])
            for status, value in values.items():
                family.add_metric([status], value)
            yield family
        paused = GaugeMetricFamily("enom_bridge_account_paused", "1 while an account is paused.", labels=["account"])
        for row in accounts:
            paused.add_metric([row["name"]], float(row["paused"] is not None))
        yield paused
