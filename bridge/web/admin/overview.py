"""`/admin/`: is it working, what is stuck, what to press."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response
from markupsafe import Markup

from bridge.store.admin.overview import HOUR, Figures
from bridge.web.admin import charts, overall_status
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.formatting import number, stamp
from bridge.web.admin.page import page

EVERY = 10  # seconds


@dataclass(frozen=True)
class Chart:
    """`total` stands beside the title; `rows` are the same in words: hour, value."""

    title: str
    total: str
    picture: Markup
    rows: Sequence[tuple[str, str]]


@pages.get("/", strict_slashes=False)
def overview() -> Response:
    context = admin_context()
    figures, settings = context.overview.figures(), context.service.settings
    found = overall_status.issues(figures, settings.accounts)
    level, sentence = overall_status.summary(found, figures)
    return page(
        "overview.html",
        every=EVERY,
        level=level,
        sentence=sentence,
        findings=found,
        figures=figures,
        plots=drawn(figures),
        settings=settings,
    )


def drawn(figures: Figures) -> list[Chart]:
    hours = figures.hours
    slowest = max(hours.seconds)
    return [
        chart(figures, "Accepted", hours.accepted, "accepted", "{} accepted"),
        chart(figures, "Succeeded", hours.succeeded, "good", "{} succeeded"),
        chart(figures, "Failed or held", hours.bad, "bad", "{} failed or held"),
        chart(figures, "Waiting", hours.waiting, "open", "{} waiting", number(figures.waiting)),
        chart(
            figures,
            "Mail provider: seconds per command",
            hours.seconds,
            "time",
            "{:.1f} s",
            f"{slowest:.1f} s at most",
        ),
        chart(
            figures,
            "Mail provider: commands not accepted",
            hours.without_yes,
            "warn",
            "{} not accepted",
            share(figures),
        ),
    ]


def chart(
    figures: Figures,
    title: str,
    values: Sequence[float],
    kind: str,
    says: str,
    total: str | None = None,
) -> Chart:
    rows = [
        (stamp(figures.hours.begin + nth * HOUR)[11:16], says.format(value))
        for nth, value in enumerate(values)
    ]
    shown = number(sum(values)) if total is None else total
    label = f"{title} in the last 24 hours: {shown}"
    return Chart(
        title,
        shown,
        charts.bars(values, label, kind, [f"{hour}: {value}" for hour, value in rows]),
        rows,
    )


def share(figures: Figures) -> str:
    commands, without = sum(figures.hours.commands), sum(figures.hours.without_yes)
    return f"{without} of {commands}" if commands else "none sent"
