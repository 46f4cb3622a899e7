"""`/admin/inventory`: what is paid for at Enom beside what billing knows, as the last reconciliation saw it; also as CSV."""

from flask import Blueprint, Response

from bridge.reconcile import inventory as stocks
from bridge.web.admin.office import Office
from bridge.web.admin.page import page

MOST = 200  # lines of each list; the CSV has all
ROWS = (
    ("paid", "Mailbox slots paid for"),
    ("used", "used"),
    ("free", "free"),
    ("ended_and_paid", "Terminated in billing, still paid for"),
    ("active_and_absent", "Active in billing, not at Enom"),
)


def add_to(pages: Blueprint, office: Office) -> None:
    def found() -> list[stocks.Stock]:
        return [office.service.stock(name) for name in office.service.settings.accounts]

    def inventory() -> Response:
        told = [stocks.described(stock) for stock in found()]
        return page(office, "inventory.html", stocks=told, rows=ROWS, most=MOST)

    def as_csv() -> Response:
        answer = Response(stocks.as_csv(found()), mimetype="text/csv")
        answer.headers["Content-Disposition"] = 'attachment; filename="enom-inventory.csv"'
        return answer

    pages.add_url_rule("/inventory", "inventory", inventory)
    pages.add_url_rule("/inventory.csv", "inventory_csv", as_csv)
