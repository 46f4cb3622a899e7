"""Before anything is done: a page that says in words what will happen, with the one button that does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from bridge.web.admin.guard import require_acting
from bridge.web.admin.office import Office
from bridge.web.admin.page import page


@dataclass(frozen=True)
class Question:
    """`says`: a paragraph each. Without `button` nothing can be done, and `says` tells why. `kept` goes with the form.

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


def add_to(pages: Blueprint, office: Office, path: str, name: str, ask: Callable[..., Any], act: Callable[..., Any]) -> None:
    """`ask` gives the Question (or an answer), `act` does it and gives where to go on. Neither for who only looks."""

    def asking(**found: str) -> Response:
        require_acting(office)
        asked = ask(**found)
        return show(office, asked) if isinstance(asked, Question) else asked

    def acting(**found: str) -> Response:
        require_acting(office)
        answer = act(**found)
        return show(office, answer) if isinstance(answer, Question) else answer

    pages.add_url_rule(path, f"ask_{name}", asking)
    pages.add_url_rule(path, name, acting, methods=["POST"])


def show(office: Office, question: Question) -> Response:
    return page(office, "confirm.html", question.status, question=question)


def reason(longest: int = 200) -> str:
    """What the person wrote, on one line."""
    text = "".join(sign if sign.isprintable() else " " for sign in request.form.get("reason", ""))
    return " ".join(text.split())[:longest]
