"""A bar chart as SVG, by hand: a dozen bars need no library. Its colours can be read on white and
on black.

As a command it draws one column of the first table that a benchmark prints:

    python -m contrib.bench.workers | tee /dev/stderr | python -m contrib.bench.plot jobs/s --title "…" --to workers.svg
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from html import escape
from itertools import takewhile
from pathlib import Path

LEFT, WIDTH, ROW = 300, 320, 26  # of the labels, of the longest bar, of a line; in pixels


def bars(title: str, values: Sequence[tuple[str, float]], unit: str) -> str:
    """One horizontal bar for each label, from 0 on, with its value beside it."""
    most = max((value for _, value in values), default=0) or 1
    height = ROW * (len(values) + 1) + 10
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" '
        f'width="{LEFT + WIDTH + 100}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="#777">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (label, value) in enumerate(values, 1):
        y, length = place * ROW, WIDTH * value / most
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(label)}</text>',
            (
                f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" '
                'fill="#3b82c4"/>'
            ),
            (
                f'<text x="{LEFT + length + 8:.1f}" '
                f'y="{y + 17}">{escape(f"{shown(value)} {unit}".rstrip())}</text>'
            ),
        ]
    return "\n".join([*lines, "</svg>", ""])


def shown(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def column(lines: Iterator[str], name: str, nth: int) -> list[tuple[str, float]]:
    """What the first table of Markdown has in its `nth` column of this name, from 1, beside the
    first cell of each row.

    Rows without a number there are left out. Raises SystemExit when there is no such column.
    """
    head = next((cells(line) for line in lines if line.startswith("|")), [])
    places = [
        place for place, cell in enumerate(head) if cell == name or cell.endswith(f": {name}")
    ]
    if len(places) < nth:
        raise SystemExit(
            f"No table with the column {name}; there are: "
            f"{', '.join(filter(None, head)) or 'none'}."
        )
    next(lines)  # the line below the head
    rows = [cells(line) for line in takewhile(lambda line: line.startswith("|"), lines)]
    found = [(row[0].replace("`", ""), row[places[nth - 1]].split()) for row in rows]
    return [(label, float(words[0])) for label, words in found if words]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("column", help="its name in the head of the table")
    options.add_argument("--nth", type=int, default=1, help="which, where several have this name")
    options.add_argument("--title", required=True)
    options.add_argument("--unit", default="")
    options.add_argument("--to", type=Path, required=True, help="the SVG file to write")
    chosen = options.parse_args()
    values = column((line.rstrip("\n") for line in sys.stdin), chosen.column, chosen.nth)
    chosen.to.write_text(bars(chosen.title, values, chosen.unit), "utf-8")


if __name__ == "__main__":
    main()
