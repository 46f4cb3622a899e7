"""What stands in the bar of every page.

A new page is three things: a view function in a file of its own beside this one, whose `add_to(pages, office)` gives it an
address and which ends in `page(office, "NAME.html", …)`; its template, which begins with `{% extends layout %}`; and its line
here, with its module in `VIEWS` of `__init__.py`. Who is signed in, what a browser may do, faults and the database being away
are met before and around it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """`path` is where it leads; it is shown as current on every page whose path begins with it."""

    path: str
    title: str


NAV = (
    Entry("/admin/", "Overview"),
    Entry("/admin/hooks", "Hooks"),
    Entry("/admin/jobs", "Jobs"),
    Entry("/admin/mailboxes", "Mailboxes"),
    Entry("/admin/callbacks", "Callbacks"),
    Entry("/admin/drift", "Drift"),
    Entry("/admin/inventory", "Inventory"),
    Entry("/admin/settings", "Settings"),
    Entry("/admin/audit", "Audit"),
)
