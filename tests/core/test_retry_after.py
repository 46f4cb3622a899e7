"""`Retry-After` is read in one place, as seconds or as a date, whoever sends it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.calls import exchange
from bridge.domain.errors import OutcomeUnknown
from bridge.infra.http_client import LONGEST_WAIT, Reply, retry_after
from tests.core.test_callbacks import Box, deliver
from tests.support.bench import START

NOW = START.timestamp()
FORMS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y")
"""Those that RFC 9110 names: today's, RFC 850's, asctime's."""


def later(seconds: float) -> str:
    return format_datetime(START + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(("text", "seconds"), [
    ("7", 7.0), (" 7 ", 7.0), ("0", 0.0), ("999999999", LONGEST_WAIT),
    (later(900), 900.0), (later(-900), 0.0), (later(10 * LONGEST_WAIT), LONGEST_WAIT),
    ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT), ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
    ("", None), ("-1", None), ("1.5", None), ("٣", None), ("soon", None), ("1" * 12, None), ("Mon", None),
    ("Mon, 99 Mar 2027 12:00:00 GMT", None), ("Mon, 01 Mar 2027 12:00:00 +999999999", None), ("7, 9", None),
])  # fmt: skip
def test_a_number_or_a_date_is_a_pause_and_nothing_else(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_none_is_none() -> None:
    assert retry_after({}, NOW) is None


@given(st.integers(946684800, 3092601600), st.sampled_from(FORMS), st.integers(0, 4_000_000_000))
def test_each_form_of_a_date_is_read(at: int, form: str, now: int) -> None:
    """From 2000 to 2067: two digits of a year are of no other."""
    date = datetime.fromtimestamp(at, UTC)
    expected = min(max(0.0, date.timestamp() - now), LONGEST_WAIT)
    assert retry_after({"retry-after": date.strftime(form)}, now) == expected


@given(st.text() | st.from_regex(r"\A[A-Za-z0-9 ,:+-]{0,60}\Z"), st.floats(0, 4e9))
def test_whatever_is_sent_is_a_pause_within_bounds_or_none(text: str, now: float) -> None:
    seconds = retry_after({"retry-after": text}, now)
    assert seconds is None or 0.0 <= seconds <= LONGEST_WAIT


@pytest.mark.parametrize("status", [429, 503])
def test_a_receiver_may_name_a_date(status: int) -> None:
    assert deliver(Box(Reply(status, {"retry-after": later(900)}, b""))).done == (
        "pending",
        status,
        f"HTTP {status}",
        900.0,
    )


@pytest.mark.parametrize(
    ("text", "seconds"), [(later(900), 900.0), (later(-900), 0.0), ("40", 40.0), ("soon", None)]
)
def test_enom_may_name_a_date(text: str, seconds: float | None) -> None:
    class Busy:
        def post(self, *_: object, **__: object) -> Reply:
            return Reply(503, {"retry-after": text}, b"")

    with pytest.raises(OutcomeUnknown) as caught:
        exchange(Busy(), lambda: NOW, "https://enom.example.com", b"", "text/plain", 1.0)  # type: ignore[arg-type]
    assert caught.value.retry_after == seconds
