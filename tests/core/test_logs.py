"""What reaches a log stream, and what never does."""

import base64
import io
import json
import logging
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bridge.infra import logs, masking

SECRET = 'Geheim+"wört"/\\&1'
Written = Callable[[], str]


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    monkeypatch.setattr(masking, "_registered", set())
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Written:
    stream = io.StringIO()
    logs.configure(request.param, stream)
    return stream.getvalue


def json_line(log: Callable[[], object]) -> dict[str, Any]:
    stream = io.StringIO()
    logs.configure("json", stream)
    log()
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_a_line_has_time_level_logger_and_what_is_bound() -> None:
    def log() -> None:
        with logs.bound(job="job_1", hook="msg_1"):
            logs.get("bridge.pipeline.worker").info("done", seconds=1.5, changed=True, state=None)

    line = json_line(log)

    time = line.pop("timestamp")
    assert time.endswith("Z") and "T" in time
    expected = {
        "event": "done",
        "level": "info",
        "logger": "bridge.pipeline.worker",
        "job": "job_1",
        "hook": "msg_1",
    }
    assert line == expected | {"seconds": 1.5, "changed": True, "state": None}


def test_a_line_of_a_library_looks_the_same() -> None:
    line = json_line(lambda: logging.getLogger("waitress").warning("queue depth is %d", 3))

    assert (line["event"], line["logger"], line["level"]) == (
        "queue depth is 3",
        "waitress",
        "warning",
    )
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "token",
        "secret",
        "key",
        "api_key",
        "pw",
        "UserPW",
        "authorization",
        "credentials",
        "x-signature",
    ],
)
def test_a_value_under_a_telling_key_is_masked_at_any_depth(written: Written, key: str) -> None:
    logs.get("x").info("e", **{key: "abc"}, data={"list": [{key: 471108154711}]})

    assert "abc" not in written() and "471108154711" not in written()
    assert written().count("***") == 2


@pytest.mark.parametrize("key", ["address", "monkey", "passed", "keyboard", "power", "spw_count"])
def test_other_keys_are_left_alone(written: Written, key: str) -> None:
    logs.get("x").info("e", **{key: "visible"})

    assert "visible" in written()


FORMS = {
    "as it is": SECRET,
    "URL-encoded": urllib.parse.quote(SECRET, safe=""),
    "as a form": urllib.parse.urlencode({"a": SECRET})[2:],
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON in UTF-8": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "repr": repr([SECRET]),
    "bytes": repr(SECRET.encode())[2:-1],
    "JSON within a repr": repr(json.dumps({"a": SECRET})),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64url": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    **{
        f"Basic, after {n}": base64.b64encode(b"u" * n + b":" + SECRET.encode()).decode()
        for n in range(3)
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_registered_value_is_masked_in_every_form_and_place(form: str) -> None:
    logs.register(SECRET)
    class_with_secret = type("Thing", (), {"__repr__": lambda self: f"<{form}>"})

    line = json_line(
        lambda: logs.get("x").info(
            f"a {form} b", field=[form], thing=class_with_secret(), raw=form.encode()
        )
    )

    core = form[8:16]
    assert core not in line["event"] + line["thing"] + line["field"][0] + line["raw"]
    assert line["event"].startswith("a ") and line["event"].endswith(" b")
    assert all(
        masking.MASK in text
        for text in (line["event"], line["thing"], line["field"][0], line["raw"])
    )


def test_exceptions_are_masked_and_show_no_local_variables(written: Written) -> None:
    logs.register(SECRET)

    def fails(argument: str) -> None:
        local = "value-of-a-local"
        raise ValueError(f"cannot send {argument} {len(local)}")

    try:
        fails(SECRET)
    except ValueError as error:
        logs.get("x").exception("broken")
        logging.getLogger("lib").error("broken", exc_info=error)

    assert written().count("cannot send *** 16") == 2
    assert "Traceback" in written()
    assert "value-of-a-local" not in written().replace('local = "value-of-a-local"', "")
    assert "wört" not in written()


def test_a_password_in_a_url_or_a_form_is_masked_without_being_registered(written: Written) -> None:
    logging.getLogger("urllib3").warning('"POST /interface.asp?uid=resell&pw=Unknown1&x=1" 200')
    logs.get("x").info(str({"password": 'Un"known2', "plan": "basic"}))

    assert "Unknown1" not in written() and "known2" not in written()
    assert "uid=resell" in written() and "basic" in written()


def test_short_values_are_masked_by_their_key_only(written: Written) -> None:
    logs.register("test")

    logs.get("x").info("a test", token="test")

    assert "a test" in written() and written().count("***") == 1


def test_hidden_values_are_masked_within_the_block_only(written: Written) -> None:
    with logs.hiding("Passw0rd-1", "Passw0rd-2"):
        logs.get("x").info("first Passw0rd-1 Passw0rd-2")
    logs.get("x").info("second Passw0rd-1")

    assert "first *** ***" in written()
    assert "second Passw0rd-1" in written()


def test_nothing_that_was_sent_can_begin_a_line_of_text() -> None:
    stream = io.StringIO()
    logs.configure("text", stream)

    logs.get("x").info(
        "unknown source", source="a\n2026-01-01T00:00:00Z INFO forged", event_id="\x1b[2J"
    )

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


@given(st.text(min_size=masking.SHORTEST), st.text(), st.text())
def test_whatever_the_secret_is_the_text_without_it_remains(
    secret: str, before: str, after: str
) -> None:
    with logs.hiding(secret):
        masked = logs.mask(f"{before}{secret}{after}")

    assert secret not in masked or secret in masking.MASK * 9


def test_configuring_again_replaces_the_stream(written: Written) -> None:
    second = io.StringIO()
    logs.configure("json", second)

    logs.get("x").info("once")

    assert written() == ""
    assert second.getvalue().count("once") == 1


def test_without_a_stream_lines_go_to_the_standard_error_of_the_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs.configure("text")
    later = io.StringIO()
    monkeypatch.setattr(sys, "stderr", later)

    logs.get("x").info("hello")

    assert "hello" in later.getvalue()


def test_a_line_that_cannot_be_written_is_reported_without_its_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    logs.configure("text")

    logging.getLogger("lib").warning("%d", "not-a-number")

    assert "lib could not be written" in errors.getvalue()
    assert "not-a-number" not in errors.getvalue()


@given(
    st.dictionaries(
        st.sampled_from(["event", "command", "token", "pw_count"]),
        st.one_of(
            st.lists(st.sampled_from(["Geheim-1", " ", "pw=", "a'", '"', "\n", "x"])).map("".join),
            st.none(),
            st.integers(),
            st.booleans(),
            st.lists(st.just("Geheim-1"), max_size=1),
        ),
    )
)
def test_what_is_written_without_masking_holds_nothing_to_mask(event: dict[str, Any]) -> None:
    with logs.hiding("Geheim-1"):
        if masking.harmless(event):
            assert {key: masking.masked(key, value) for key, value in event.items()} == event
