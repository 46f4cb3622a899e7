"""A bar chart as SVG, by hand: a dozen bars need no library. Its colours can be read on white and on black."""

from collections.abc import Sequence
from html import escape

LEFT, WIDTH, ROW = 300, 320, 26  # of the labels, of the longest bar, of a line; in pixels


def bars(title: str, values: Sequence[tuple[str, float]], unit: str) -> str:
    """One horizontal bar for each label, from 0 on, with its value beside it."""
    most = max((value for _, value in values), default=0) or 1
    height = ROW * (len(values) + 1) + 10
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 100}" height="{height}" role="img" '
        f'font-family="sans-serif" font-size="13" fill="#777">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (label, value) in enumerate(values, 1):
        y, length = place * ROW, WIDTH * value / most
        lines += [
            f'<text x="{LEFT - 8}" y="{y + 17}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 8}" fill="#3b82c4"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 17}">{escape(f"{value:.3g} {unit}".rstrip())}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
