"""What stands in the bar of every page.

A new page is three things: a view in a file of its own beside this one, which is registered by
`@pages.get("/NAME")` (`@actions` where it needs somebody who may act) and ends in
`page("NAME.html", …)`; its template, which begins with `{% extends layout %}`; and its line here,
with its module among the imports of `__init__.py`. Who is signed in, what a browser may do, faults
and the database being away are met before and around it.
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
