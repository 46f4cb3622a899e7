"""Our own sentences: one for every action and end, safe to be shown to a customer."""

import pytest

from bridge.domain.actions import ACTIONS
from bridge.domain.errors import CODES
from bridge.domain.jobs import WaitingFor
from bridge.domain.model import State
from bridge.reporting.messages import ALREADY, DONE, message
from bridge.reporting.receipts import WAITING


def test_every_action_has_its_sentences() -> None:
    assert set(DONE) == set(ALREADY) == set(ACTIONS)
    assert set(WAITING) == {None, *WaitingFor}


@pytest.mark.parametrize(
    "text", [*DONE.values(), *ALREADY.values(), *CODES.values(), *WAITING.values()]
)
def test_a_customers_sentence_is_one_and_names_no_insider(text: str) -> None:
    assert text[0].isupper() and text.endswith(".")
    assert not any(word in text.lower() for word in ("enom", "pak ", "token", "exception", "sql"))


@pytest.mark.parametrize(
    ("action", "state", "acted", "kept", "expected"),
    [
        ("mailbox.create", State.ACTIVE, True, [], "Mailbox created and confirmed."),
        (
            "mailbox.create",
            State.ACTIVE,
            False,
            [],
            "The mailbox already exists as requested; nothing was changed.",
        ),
        (
            "mailbox.unsuspend",
            State.ACTIVE,
            True,
            ["pop"],
            "Mailbox unsuspended. Left suspended, as they were before: pop.",
        ),
        ("mailbox.terminate", State.ABSENT, True, [], "Mailbox deleted."),
        ("mailbox.terminate", State.ABSENT, False, [], "The mailbox was already gone."),
        (
            "mailbox.terminate",
            State.SUSPENDED,
            True,
            [],
            "Mailbox suspended. It will be deleted when its grace period ends.",
        ),
        (
            "mailbox.terminate",
            State.ACTIVE,
            False,
            [],
            "The mailbox is in use again, so it was kept.",
        ),
        ("held", State.UNKNOWN, False, [], "This request is waiting for a manual decision."),
    ],
)
def test_the_sentence_says_what_happened(
    action: str, state: State, acted: bool, kept: list[str], expected: str
) -> None:
    assert message(action, state, acted, kept) == expected
