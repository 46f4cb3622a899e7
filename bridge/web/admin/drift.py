"""`/admin/drift`: where the record and Enom differ, as the last reconciliation saw it; compare anew, repair what can be."""

from flask import Blueprint, Response, request

from bridge.domain.differences import TITLES, Kind
from bridge.domain.errors import NotThere
from bridge.domain.ports import Reconciliation
from bridge.reconcile import drift as differences
from bridge.web.admin import confirm, listing
from bridge.web.admin.acting import reminder
from bridge.web.admin.confirm import Question
from bridge.web.admin.office import Office
from bridge.web.admin.page import done

KINDS = listing.Filter("kind", "Kind", tuple(Kind))
REPAIRED = (Kind.WRONG_STATE, Kind.WRONG_PLAN)
COMPARE = (
    "A worker reads every known domain of this account from Enom once, within the account's limit of parallel calls. "
    "Nothing is changed. The result appears on the Drift page when it is done.",
)
REPAIR = "This starts a normal job: billing gets a callback, and a newer hook wins."
NOTE = "Only the bridge's record is corrected; nothing is sent to Enom or to billing."
NOTHING = "Checked just now: the bridge cannot repair this by itself."
CHANGED = "The plan has changed since you looked, so nothing was done. This is the new plan."


def add_to(pages: Blueprint, office: Office) -> None:
    service = office.service

    def drift() -> Response:
        filters = [KINDS, listing.of_account(office), listing.Filter("domain", "Domain"), listing.ADDRESS]
        last = {name: service.findings.last(name) for name in service.settings.accounts}
        return listing.show(
            office,
            "differences",
            "drift.html",
            filters,
            last=last,
            never=[name for name, run in last.items() if run is None],
            unread=any(run["unread"] for run in last.values() if run),
            titles=TITLES,
            repaired=REPAIRED,
        )

    def ask_compare(account: str) -> Question:
        require(account)
        return Question(f"Compare account {account} with Enom", COMPARE, "Compare now", "/admin/drift")

    def compare(account: str) -> Response:
        require(account)
        office.acting.reconcile_soon(account)
        return done(office, "/admin/drift", f"Comparing account {account} with Enom.{reminder(office)}")

    def ask_repair(account: str, address: str) -> Question:
        return question(look(account, address))

    def repair(account: str, address: str) -> Response | Question:
        report = look(account, address)
        if request.form.get("checksum") != differences.checksum(report.differences):
            return question(report, CHANGED)
        (found,) = [each for each in report.differences if each.repair]
        told = office.acting.repair(account, found)
        place = f"/admin/jobs/{told.removeprefix('job ')}" if told.startswith("job ") else f"/admin/mailboxes/{address}"
        return done(office, place, f"{address}: {told}.{reminder(office)}")

    def look(account: str, address: str) -> Reconciliation:
        require(account)
        with office.looking():
            return service.reconcile.account(account, office.person.who, [service.lookup.mailbox(address)["address"]])

    def require(account: str) -> None:
        if account not in service.settings.accounts:
            raise NotThere(f"There is no account {account!r} in the configuration.")

    pages.add_url_rule("/drift", "drift", drift)
    confirm.add_to(pages, office, "/drift/<account>/compare", "compare", ask_compare, compare)
    confirm.add_to(pages, office, "/drift/<account>/repair/<address>", "repair", ask_repair, repair)


def question(report: Reconciliation, first: str = "") -> Question:
    (address,) = report.looked_at
    title, back = f"Repair {address}", f"/admin/drift?address={address}"
    facts = [(TITLES[each.kind][0].upper() + TITLES[each.kind][1:], each.detail) for each in report.differences]
    wanted = next((each.repair for each in report.differences if each.repair), None)
    if wanted is None:
        facts += [("What to do", each.remedy) for each in report.differences]
        return Question(title, [*([first] if first else []), NOTHING], "", back, facts=facts, status=409)
    says = [*([first] if first else []), NOTE if wanted.state else REPAIR]
    facts.append(("Then", wanted.words()))
    kept = {"checksum": differences.checksum(report.differences)}
    return Question(title, says, "Repair", back, facts=facts, kept=kept, status=409 if first else 200)
