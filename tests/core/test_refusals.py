"""Every refusal of the store has its sentence, and every sentence has what it names."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from bridge.reporting.refusals import REFUSALS, refusal
from bridge.store.queue.money import PAUSES

BRIDGE = Path(__file__).parents[2] / "bridge"


def asked() -> Iterator[tuple[str, set[str]]]:
    """Each code that the program asks for, with the facts that it gives."""
    files = (file.read_text() for file in sorted(BRIDGE.rglob("*.py")))
    for source in (text for text in files if "bridge.reporting.refusals import refusal" in text):
        for node in ast.walk(ast.parse(source)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "refusal"
            ):
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    yield str(code.value), {str(each.arg) for each in node.keywords}
    yield from ((code, set()) for code in PAUSES.values())


ASKED = list(asked())


def test_what_is_asked_for_is_there_and_what_is_there_is_asked_for() -> None:
    assert {code for code, _ in ASKED} == set(REFUSALS)


@pytest.mark.parametrize("code, facts", ASKED)
def test_a_sentence_gets_the_facts_that_it_names(code: str, facts: set[str]) -> None:
    assert {name for _, name, _, _ in Formatter().parse(REFUSALS[code]) if name} == facts
    text = refusal(code, **{name: 7 for name in facts})
    assert "{" not in text and text.count("7") >= len(facts)
