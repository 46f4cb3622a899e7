"""`/admin/drift`: where the record and Enom differ, as the last reconciliation saw it.

Compare anew, repair what can be.
"""

from flask import Response, request

from bridge.domain.differences import TITLES, DifferenceKind
from bridge.domain.errors import UnknownThing
from bridge.domain.ports import Reconciliation
from bridge.reconcile import drift as differences
from bridge.web.admin import listing
from bridge.web.admin.actions import reminder
from bridge.web.admin.blueprints import actions, pages
from bridge.web.admin.confirm import Confirmation, show
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import done

KINDS = listing.Filter("kind", "Kind", tuple(DifferenceKind))
REPAIRED = (DifferenceKind.WRONG_STATE, DifferenceKind.WRONG_PLAN)
COMPARE = (
    "A worker reads every known domain of this account from the mail provider once, within the "
    "account's limit "
    "of parallel calls. "
    "Nothing is changed. The result appears on the Drift page when it is done.",
)
REPAIR = "This starts a normal job: billing gets a callback, and a newer hook wins."
NOTE = "Only the bridge's record is corrected; nothing is sent to the mail provider or to billing."
NOTHING = "Checked just now: the bridge cannot repair this by itself."
CHANGED = "The plan has changed since you looked, so nothing was done. This is the new plan."


@pages.get("/drift")
def drift() -> Response:
    service = admin_context().service
    domain = listing.Filter("domain", "Domain")
    last = {name: service.findings.last(name) for name in service.settings.accounts}
    return listing.show(
        "differences",
        "drift.html",
        [KINDS, listing.of_account(), domain, listing.ADDRESS],
        last=last,
        never=[name for name, run in last.items() if run is None],
        unread=any(run["unread"] for run in last.values() if run),
        nothing=not any(run["domains"] for run in last.values() if run),
        skipped=any(run["found"].get("under_way") for run in last.values() if run),
        titles=TITLES,
        repaired=REPAIRED,
    )


@actions.get("/drift/<account>/compare")
def ask_compare(account: str) -> Response:
    require(account)
    title = f"Compare account {account} with the mail provider"
    return show(Confirmation(title, COMPARE, "Compare now", "/admin/drift"))


@actions.post("/drift/<account>/compare")
def compare(account: str) -> Response:
    require(account)
    admin_context().operator_actions.reconcile_soon(account)
    return done("/admin/drift", f"Comparing account {account} with the mail provider.{reminder()}")


@actions.get("/drift/<account>/repair/<address>")
def ask_repair(account: str, address: str) -> Response:
    return show(confirmation(look(account, address)))


@actions.post("/drift/<account>/repair/<address>")
def repair(account: str, address: str) -> Response:
    report = look(account, address)
    if request.form.get("checksum") != differences.checksum(report.differences):
        return show(confirmation(report, CHANGED))
    (found,) = [each for each in report.differences if each.repair]
    became = admin_context().operator_actions.repair(account, found)
    job = became.removeprefix("job ")
    place = f"/admin/jobs/{job}" if job != became else f"/admin/mailboxes/{address}"
    return done(place, f"{address}: {became}.{reminder()}")


def look(account: str, address: str) -> Reconciliation:
    require(account)
    context = admin_context()
    with context.enom_slot():
        known = context.service.lookup.mailbox(address)["address"]
        return context.service.reconcile.account(account, context.person.who, [known])


def require(account: str) -> None:
    if account not in admin_context().service.settings.accounts:
        raise UnknownThing(f"There is no account {account!r} in the configuration.")


def confirmation(report: Reconciliation, first: str = "") -> Confirmation:
    (address,) = report.looked_at
    title, back = f"Repair {address}", f"/admin/drift?address={address}"
    facts = [
        (TITLES[each.kind][0].upper() + TITLES[each.kind][1:], each.detail)
        for each in report.differences
    ]
    wanted = next((each.repair for each in report.differences if each.repair), None)
    if wanted is None:
        facts += [("What to do", each.remedy) for each in report.differences]
        return Confirmation(
            title, [*([first] if first else []), NOTHING], "", back, facts=facts, status=409
        )
    says = [*([first] if first else []), NOTE if wanted.state else REPAIR]
    facts.append(("Then", wanted.words()))
    kept = {"checksum": differences.checksum(report.differences)}
    return Confirmation(
        title,
        says,
        "Repair",
        back,
        facts=facts,
        kept=kept,
        status=409 if first else 200,
    )
