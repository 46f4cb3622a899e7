"""OpenTelemetry traces, with the extra `traces` and where OTEL_* names a collector. Else nothing of
it is even imported.

The trace of a hook is the number in its job's id: 128 bits, half of them its root span. So hook,
attempts, calls and callbacks come together without anything to be kept, in whichever processes they
happen.
"""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from bridge import __version__
from bridge.infra import logs
from bridge.infra.events import Attributes, Events

log = logs.get("tracing")

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NAMES = {"hook": "take hook", "attempt": "attempt", "call": "mail provider", "callback": "callback"}
TOLD = (
    "job",
    "hook",
    "source",
    "account",
    "action",
    "api",
    "command",
    "callback",
    "tries",
    "outcome",
    "code",
    "status",
)
"""The only facts that become attributes."""
BAD = frozenset({"held", "failed", "exhausted", "broken"})


def wanted(environ: Mapping[str, str]) -> bool:
    if (
        environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp"
    ):
        return False
    return any(
        environ.get(name)
        for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )


@contextmanager
def traced(events: Events) -> Iterator[None]:
    """Sends traces while it lasts, if they are wanted."""
    if not wanted(os.environ):
        yield
        return
    if (
        find_spec("opentelemetry.sdk") is None
        or find_spec("opentelemetry.exporter.otlp.proto.http") is None
    ):
        log.warning(
            "no traces: OTEL_* is set, but the extra is not installed; pip install "
            "'enom-bridge[traces]'"
        )
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    tracer = Tracer(BatchSpanProcessor(OTLPSpanExporter()))
    events.add(tracer)
    log.info("traces are sent")
    try:
        yield
    finally:
        tracer.close()


class Tracer:
    """A listener that makes spans and gives them to a span processor of OpenTelemetry."""

    def __init__(self, processor: Any) -> None:
        from opentelemetry import context, trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        planned = threading.local()

        class Ids(RandomIdGenerator):
            """Random, but for the root of a hook's trace."""

            def generate_trace_id(self) -> int:
                number: int | None = getattr(planned, "number", None)
                return super().generate_trace_id() if number is None else number

            def generate_span_id(self) -> int:
                number: int | None = getattr(planned, "number", None)
                return super().generate_span_id() if number is None else root(number)

        resource = Resource.create({"service.version": __version__} | named(os.environ))
        self._provider = TracerProvider(
            resource=resource, id_generator=Ids(), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("enom-bridge", __version__)
        self._context, self._trace, self._planned = context, trace, planned

    def begin(self, kind: str, facts: Attributes) -> Any:
        if kind == "hook":
            return time.time_ns()  # which job it leads to, and so its trace, is known at its end
        if kind not in NAMES:
            return None
        within = self._under(facts["job"]) if kind in ("attempt", "callback") else None
        span = self._tracer.start_span(name(kind, facts), within, self._kind(kind))
        return span, self._context.attach(self._trace.set_span_in_context(span, within))

    def end(self, begun: Any, kind: str, facts: Attributes, seconds: float) -> None:
        if kind == "hook":
            return self._hook(begun, facts, seconds)
        if begun is None:
            return
        span, token = begun
        self._context.detach(token)
        self._describe(span, facts)
        span.end()

    def _hook(self, started: int, facts: Attributes, seconds: float) -> None:
        job = facts.get("job")
        # A repeated hook meets a job that is older than itself, and so hangs below the first one.
        first = job is not None and born(job) >= started // 1_000_000 - 1000
        try:
            if first:
                self._planned.number = number_of(str(job))
            within = self._context.Context() if first or job is None else self._under(job)
            span = self._tracer.start_span(
                name("hook", facts), within, self._kind("hook"), start_time=started
            )
        finally:
            self._planned.number = None
        self._describe(span, facts)
        span.end(started + int(seconds * 1e9))

    def _under(self, job: str) -> Any:
        number = number_of(job)
        decision: Any = self._provider.sampler.should_sample(
            self._context.Context(), number, "hook"
        ).decision
        flags = self._trace.TraceFlags(
            self._trace.TraceFlags.SAMPLED
            if decision.is_sampled()
            else self._trace.TraceFlags.DEFAULT
        )
        parent = self._trace.SpanContext(number, root(number), is_remote=True, trace_flags=flags)
        return self._trace.set_span_in_context(
            self._trace.NonRecordingSpan(parent), self._context.Context()
        )

    def _kind(self, kind: str) -> Any:
        kinds = self._trace.SpanKind
        return {"hook": kinds.SERVER, "attempt": kinds.CONSUMER}.get(kind, kinds.CLIENT)

    def _describe(self, span: Any, facts: Attributes) -> None:
        span.set_attributes(
            {f"enom_bridge.{key}": facts[key] for key in TOLD if facts.get(key) is not None}
        )
        if facts.get("outcome") in BAD:
            span.set_status(self._trace.StatusCode.ERROR)

    def close(self) -> None:
        self._provider.shutdown()


def name(kind: str, facts: Attributes) -> str:
    about = facts.get("command") or facts.get("action")
    return f"{NAMES[kind]} {about}" if about else NAMES[kind]


def named(environ: Mapping[str, str]) -> dict[str, str]:
    given = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get(
        "OTEL_RESOURCE_ATTRIBUTES", ""
    )
    return {} if given else {"service.name": "enom-bridge"}


def number_of(job: str) -> int:
    """The 128 bits of a job's id, `job_` and a ULID (Crockford's base 32)."""
    number = 0
    for sign in job.removeprefix("job_"):
        number = number << 5 | CROCKFORD.index(sign)
    return number


def born(job: str) -> int:
    """When a job's id was made, in milliseconds since 1970."""
    return number_of(job) >> 80


def root(number: int) -> int:
    return number & (1 << 64) - 1 or 1
