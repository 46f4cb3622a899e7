"""What the page of the platforms promises of faults: each plug-in, each fault, each with its test."""

import re

import pytest

from contrib.plugins import PLUGINS
from tests.docs.pages import section, text

PAGE = "docs/platforms.md"
HEADER, _, *ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in section(PAGE, "When something goes wrong").splitlines()
    if line.startswith("|")
]


def test_every_plugin_has_its_column():
    assert [name.lower() for name in HEADER[1:]] == list(PLUGINS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_cell_names_a_test_that_is_there(row):
    assert len(row) == len(HEADER)
    for platform, cell in zip(PLUGINS, row[1:], strict=True):
        named = re.findall(r"`(tests/[^`]+)::(\w+)`", cell)
        assert named or cell.startswith("no queue"), cell
        for path, name in named:
            assert path.startswith(f"tests/{platform}/")
            assert re.search(rf"^def {name}\(", text(path), re.MULTILINE), name
