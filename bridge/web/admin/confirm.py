"""Before anything is done: a page that says what will happen, with the one button that does it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Response, request

from bridge.web.admin.page import page


@dataclass(frozen=True)
class Confirmation:
    """`says`: a paragraph each. Without `button` nothing can be done, and `says` tells why. `kept`
    goes with the form.

    `asks_reason`: the label of the one text that a person may add.
    """

    title: str
    says: Sequence[str]
    button: str
    back: str
    danger: bool = False
    asks_reason: str = ""
    facts: Sequence[tuple[str, str]] = ()
    kept: dict[str, str] = field(default_factory=dict)
    status: int = 200


def show(question: Confirmation) -> Response:
    return page("confirm.html", question.status, question=question)


def reason(longest: int = 200) -> str:
    """The reason that the person wrote, on one line and cut to `longest` signs; may be empty."""
    text = "".join(sign if sign.isprintable() else " " for sign in request.form.get("reason", ""))
    return " ".join(text.split())[:longest]
