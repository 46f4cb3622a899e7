"""The pages as tests read them: text, headings, code."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PLACES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/*.md",
    "hooks/*/README.md",
    "contrib/**/README.md",
)
PAGES = sorted({path for place in PLACES for path in ROOT.glob(place)})

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def text(path: Path | str) -> str:
    return (ROOT / path).read_text("utf-8")


def blocks(path: Path | str, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return [body for kind, body in FENCE.findall(text(path)) if kind == language]


def spans(path: Path | str) -> list[str]:
    """What stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", text(path)))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def first_cells(path: Path | str) -> set[str]:
    """What stands in backticks in the first cell of each table row."""
    rows = re.findall(r"^\| ((?:[^|\n\\]|\\.)+) \|", text(path), re.MULTILINE)
    return {span for row in rows for span in re.findall(r"`([^`]+)`", row)}


def section(path: Path | str, heading: str) -> str:
    """What stands between a heading and the next one; "" when there is none."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}$(.*?)(?=^#{{1,6}} |\Z)", text(path), re.MULTILINE | re.DOTALL
    )
    return found[2] if found else ""
