"""Small charts of the last hours, as SVG made here.

No script, no style of their own; readable as a sentence and a table.
"""

from collections.abc import Sequence

from markupsafe import Markup, escape

BAR, GAP, TALL = 10, 3, 60


def bars(values: Sequence[float], title: str, kind: str, labels: Sequence[str]) -> Markup:
    """One bar for each hour.

    `kind` is the class that colours it; `labels` say of each bar what it is.
    """
    most = max(values, default=0) or 1
    width = len(values) * (BAR + GAP) - GAP
    drawn = []
    for nth, (value, label) in enumerate(zip(values, labels, strict=True)):
        height = max(2.0, value / most * TALL) if value else 0.0
        place = f'x="{nth * (BAR + GAP)}" y="{TALL - height:.1f}"'
        mark = f'<rect class="bar" {place} width="{BAR}" height="{height:.1f}" rx="2"/>'
        # A bar that can be pointed at also where it is low.
        place = f'x="{nth * (BAR + GAP)}" y="0"'
        zone = f'<rect class="zone" {place} width="{BAR + GAP}" height="{TALL}"/>'
        drawn.append(f"<g>{mark}{zone}<title>{escape(label)}</title></g>")
    line = f'<line class="axis" x1="0" x2="{width}" y1="{TALL + 1}" y2="{TALL + 1}"/>'
    return Markup(  # noqa: S704  numbers, our own words, and what escape made of the rest
        f'<svg class="plot {escape(kind)}" viewBox="0 0 {width} {TALL + 2}" role="img" '
        f'aria-label="{escape(title)}" preserveAspectRatio="none" '
        f'focusable="false">{"".join(drawn)}{line}</svg>'
    )
