"""Each line of the threat model names a test, and each test that it names is there."""

import re

import pytest

from tests.docs.pages import ROOT, section, spans, text

PAGE = "docs/security.md"
NAMED = sorted({span for span in spans(PAGE) if "::" in span})


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_the_page_names_is_there(named):
    path, _, name = named.partition("::")
    assert re.search(rf"^ *def {name}\(", text(path), re.MULTILINE)


HEADINGS = [
    "Who may send what",
    "What is stolen, and what it gives",
    "What is checked, in this order",
    "Safety for customers",
]


@pytest.mark.parametrize("heading", HEADINGS)
def test_each_line_of_the_threat_model_names_its_test(heading):
    lines = [line for line in section(PAGE, heading).splitlines() if line.startswith("|")][2:]
    assert lines
    assert [line for line in lines if "::" not in line] == []


def test_the_commands_of_the_page_are_targets_of_make():
    assert {"hostile", "fuzz", "mutation"} <= set(
        re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
