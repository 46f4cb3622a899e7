"""Names and sentences on a page: where a long name may break, and buttons in the place of
commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from bridge.reporting.next_steps import BUTTONS, COMMANDS, ON_PAGES, in_buttons
from bridge.web.admin.formatting import PIECE, breakable, prose


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a@b.com", ["a@b.com"]),
        ("john.doe@example.com", ["john.", "doe@", "example.com"]),
        ("job_01MH4GYQA0PGHZ1WEN3FAYHAF3", ["job_", "01MH4GYQA0PGH", "Z1WEN3FAYHAF3"]),
        (
            "cb_job_01MH4GYQA0PGHZ1WEN3FAYHAF3_1",
            ["cb_", "job_", "01MH4GYQA0PGHZ", "1WEN3FAYHAF3_1"],
        ),
        (
            "see <b>john.doe@example.com</b> now",
            ["see <b>john.", "doe@", "example.", "com</b> now"],
        ),
        ("2027-03-15 12:00:09 UTC", ["2027-03-15 12:00:09 UTC"]),
    ],
)
def test_a_long_name_breaks_at_its_seams(text: str, pieces: list[str]) -> None:
    assert breakable(text) == Markup("<wbr>").join(pieces)


@given(st.text())
def test_whatever_is_told_nothing_of_it_is_lost_or_taken_for_markup(text: str) -> None:
    assert breakable(text).replace("<wbr>", "") == escape(text)
    assert all(
        len(piece) <= PIECE
        for word in text.split()
        for piece in map(Markup.unescape, breakable(word).split("<wbr>"))
    )


@pytest.mark.parametrize("verb", sorted(set(COMMANDS) - {"follow"}))
@pytest.mark.parametrize("after", ["", ".", "; then: x", ") and", "\nMore"])
def test_each_command_that_has_a_button_becomes_it(verb: str, after: str) -> None:
    names = dict.fromkeys(
        ("job", "address", "domain", "source", "account", "callback"), "a-b_1@example.com"
    )
    command = COMMANDS[verb].format_map(names | {"service_id": "'a b'"})
    assert in_buttons(f"Look, then: {command}{after}") == f"Look, then: {BUTTONS[verb]}{after}"


def test_a_sentence_of_before_the_pages_reads_as_theirs() -> None:
    held = (
        "No more deletions within this hour. If this one is right: enom-bridge jobs approve "
        "job_01MH4GYQA0PGHZ1WEN3FAYHAF3"
    )
    assert prose(held) == escape(
        'No more deletions within this hour. If this one is right: "Approve"'
    )
    assert (
        prose("The comparison of 2027-03-15T12:00:09Z found 3")
        == "The comparison of 2027-03-15 12:00:09 UTC found 3"
    )
    assert (
        in_buttons("To see why: enom-bridge jobs list --status queued")
        == "To see why: the page Jobs"
    )
    assert (
        in_buttons("To see the cause: enom-bridge doctor") == "To see the cause: enom-bridge doctor"
    )
    assert all("enom-bridge" not in button for button in ON_PAGES.values())
