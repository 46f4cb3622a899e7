"""`/admin/`: is it working, what is stuck, what to press."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response
from markupsafe import Markup

from bridge.store.admin.overview import HOUR, Figures
from bridge.web.admin import plots, verdict
from bridge.web.admin.blueprints import pages
from bridge.web.admin.office import admin_context
from bridge.web.admin.page import page
from bridge.web.admin.words import number, stamp

EVERY = 10  # seconds


@dataclass(frozen=True)
class Plot:
    """`total` stands beside the title; `rows` are the same in words: hour, value."""

    title: str
    total: str
    picture: Markup
    rows: Sequence[tuple[str, str]]


@pages.get("/", strict_slashes=False)
def overview() -> Response:
    office = admin_context()
    figures, settings = office.overview.figures(), office.service.settings
    found = verdict.findings(figures, settings.accounts)
    level, sentence = verdict.sentence(found, figures)
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


def drawn(figures: Figures) -> list[Plot]:
    hours = figures.hours
    slowest = max(hours.seconds)
    return [
        plot(figures, "Accepted", hours.accepted, "accepted", "{} accepted"),
        plot(figures, "Succeeded", hours.succeeded, "good", "{} succeeded"),
        plot(figures, "Failed or held", hours.bad, "bad", "{} failed or held"),
        plot(figures, "Waiting", hours.waiting, "open", "{} waiting", number(figures.waiting)),
        plot(figures, "Enom: seconds a command", hours.seconds, "time", "{:.1f} s", f"{slowest:.1f} s at most"),
        plot(figures, "Enom: commands without a yes", hours.without_yes, "warn", "{} without a yes", share(figures)),
    ]


def plot(figures: Figures, title: str, values: Sequence[float], kind: str, says: str, total: str | None = None) -> Plot:
    rows = [(stamp(figures.hours.begin + nth * HOUR)[11:16], says.format(value)) for nth, value in enumerate(values)]
    shown = number(sum(values)) if total is None else total
    told = f"{title} in the last 24 hours: {shown}"
    return Plot(title, shown, plots.bars(values, told, kind, [f"{hour}: {value}" for hour, value in rows]), rows)


def share(figures: Figures) -> str:
    commands, without = sum(figures.hours.commands), sum(figures.hours.without_yes)
    return f"{without} of {commands}" if commands else "none sent"
