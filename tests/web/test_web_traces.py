"""One trace from hook to callback, without a secret in it; and nothing of it where it is not
wanted."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bridge.infra import tracing
from bridge.infra.events import Events
from tests.support.bridge import HOSTED_PASSWORD, TOKEN
from tests.support.scene import PASSWORD, SECRET, Open, Scene

Spans = Callable[[], list[ReadableSpan]]


@pytest.fixture
def spans(scene: Scene) -> Iterator[Spans]:
    kept = InMemorySpanExporter()
    tracer = tracing.Tracer(SimpleSpanProcessor(kept))
    scene.service.events.add(tracer)
    yield lambda: list(kept.get_finished_spans())
    tracer.close()


def trace_of(job: str) -> int:
    return tracing.number_of(job)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch, scene: Scene) -> None:
    """The trace's clock is that of the scene, as the ids of its jobs are."""
    monkeypatch.setattr(tracing.time, "time_ns", lambda: int(scene.clock.now * 1e9))


@pytest.mark.usefixtures("now")
def test_hook_attempts_calls_and_callback_are_one_trace(scene: Scene, spans: Spans) -> None:
    receipt = scene.do("create", password=PASSWORD)
    scene.call_back()
    mine = [
        span
        for span in spans()
        if span.context and span.context.trace_id == trace_of(receipt["job"])
    ]
    names = [span.name for span in mine]
    assert {
        "take hook mailbox.create",
        "attempt mailbox.create",
        "mail provider GetPOP3",
        "mail provider SetUpPOP3User",
    } <= set(names)
    assert names[-1] == "callback"
    by_id = {span.context.span_id: span for span in mine if span.context}
    root = by_id[tracing.root(trace_of(receipt["job"]))]
    assert (root.name, root.parent) == ("take hook mailbox.create", None)
    for span in mine:
        above = by_id[span.parent.span_id].name if span.parent else ""
        expected = {
            "take hook mailbox.create": "",
            "callback": root.name,
            "attempt mailbox.create": root.name,
        }
        assert above == expected.get(span.name, "attempt mailbox.create")


@pytest.mark.usefixtures("now")
def test_a_repeated_hook_hangs_below_the_first(scene: Scene, spans: Spans) -> None:
    receipt = scene.do("suspend", id="msg_1")
    scene.clock.now += 60
    scene.send("mailbox.suspend", id="msg_1")
    first, again = [span for span in spans() if span.name == "take hook mailbox.suspend"]
    assert again.parent is not None and first.context is not None
    assert (again.parent.trace_id, again.parent.span_id) == (
        first.context.trace_id,
        first.context.span_id,
    )
    assert first.context.trace_id == trace_of(receipt["job"])


def test_no_secret_and_no_address_is_in_any_attribute(
    open_scene: Open, scene: Scene, spans: Spans
) -> None:
    scene.do("create", password=PASSWORD, display_name="John Doe")
    scene.fault("ModifyPOP3", "html")
    scene.do("change_password", password="Another-Secret.9", seconds=60)
    scene.post("/hooks/shop", b"{}", {"webhook-id": "msg_stranger"})
    scene.send("mailbox.create", id="msg_parked", password="not a password")
    scene.call_back(60)
    result = "\n".join(span.to_json() for span in spans())
    assert "enom_bridge.job" in result and "enom_bridge.outcome" in result
    for secret in (
        PASSWORD,
        "Another-Secret",
        "not a password",
        TOKEN,
        HOSTED_PASSWORD,
        SECRET,
        "john.doe",
        "John Doe",
    ):
        assert secret not in result, secret
    keys = {key for span in spans() for key in (span.attributes or {})}
    assert keys <= {f"enom_bridge.{key}" for key in tracing.TOLD}


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"},
            False,
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
                "OTEL_TRACES_EXPORTER": "none",
            },
            False,
        ),
    ],
)
def test_traces_are_off_unless_a_collector_is_named(environ: dict[str, str], on: bool) -> None:
    assert tracing.wanted(environ) is on


def test_off_means_not_even_imported() -> None:
    program = (
        "import sys; from bridge.cli import serve; from bridge.infra import tracing; from "
        "bridge.infra.events import Events\n"
        "events = Events()\n"
        "with tracing.traced(events): assert events.listeners == ()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PATH": ""}
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_without_the_extra_it_goes_on_without_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")

    def none(*_: Any) -> None:
        return None

    monkeypatch.setattr(tracing, "find_spec", none)
    events = Events()
    with tracing.traced(events):
        assert events.listeners == ()
