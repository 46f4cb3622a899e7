"""`/admin/inventory`: what is paid for at the mail provider beside what billing knows; also as CSV.

All of it as the last reconciliation saw it.
"""

from flask import Response

from bridge.reconcile import inventory as inventories
from bridge.web.admin.blueprints import pages
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import page

MOST = 200  # lines of each list; the CSV has all
ROWS = (
    ("paid", "Mailbox slots paid for"),
    ("used", "used"),
    ("free", "free"),
    ("ended_and_paid", "Terminated in billing, still paid for"),
    ("unpaid", "Cost by the month, and belong to no service"),
    ("active_and_absent", "Active in billing, not at the mail provider"),
)


@pages.get("/inventory")
def inventory() -> Response:
    described = [inventories.described(stock) for stock in of_accounts()]
    return page("inventory.html", inventories=described, rows=ROWS, most=MOST)


@pages.get("/inventory.csv")
def inventory_csv() -> Response:
    answer = Response(inventories.as_csv(of_accounts()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="enom-inventory.csv"'
    return answer


def of_accounts() -> list[inventories.Inventory]:
    service = admin_context().service
    return [service.inventory(name) for name in service.settings.accounts]
