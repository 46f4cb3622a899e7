"""Give a mailbox that exists at Enom to a service: asked for in a form, looked at, then done."""

from flask import Response, request

from bridge.reconcile.adoption import Adoption
from bridge.web.admin.blueprints import actions
from bridge.web.admin.confirm import Confirmation, show
from bridge.web.admin.context import admin_context
from bridge.web.admin.page import done, page
from hooks.address import normalise

NAMES = ("address", "source", "service_id")
LONGEST = 64  # characters of a service's id
ALREADY = "It already belongs to this service; nothing to do."
SAYS = "Hooks of this service may then change the mailbox. Nothing changes at the mail provider."


@actions.get("/adopt")
def ask_adopt() -> Response:
    address, source, service_id = (request.args.get(name, "").strip() for name in NAMES)
    if not (source and service_id):
        return form()
    try:
        address = normalise(address)
    except ValueError as fault:
        return form(str(fault))
    if len(service_id) > LONGEST or not service_id.isprintable():
        return form(f"A service id has 1 to {LONGEST} printable characters.")
    return show(confirmation(look(address, source, service_id)))


@actions.post("/adopt")
def adopt() -> Response:
    found = look(*(request.form.get(name, "") for name in NAMES))
    shown = request.form.get("owner_now", "")
    if not found.changes or shown != (found.owner_now or ""):
        return show(confirmation(found))
    found.carry_out(admin_context().operator_actions.adopt)
    return done(
        f"/admin/mailboxes/{found.address}", f"Adopted: it belongs to {found.owner_then} now."
    )


def form(refusal: str = "") -> Response:
    given = {name: request.args.get(name, "").strip() for name in NAMES}
    sources = list(admin_context().service.settings.sources)
    status = 422 if refusal else 200
    return page("adopt.html", status, given=given, sources=sources, refusal=refusal)


def look(address: str, source: str, service_id: str) -> Adoption:
    context = admin_context()
    with context.enom_slot():
        return context.service.adoptions.consider(address, source, service_id)


def confirmation(found: Adoption) -> Confirmation:
    pak = f", in pak {found.pak['bundle']}" if found.pak else ""
    facts = [
        ("Mailbox", found.address),
        ("At the mail provider", f"{found.state_at_enom}{pak}"),
        ("Owner now", found.owner_now or "none"),
        ("New owner", found.owner_then),
    ]
    kept = {
        "address": found.address,
        "source": found.source,
        "service_id": found.service_id,
        "owner_now": found.owner_now or "",
    }
    title = f"Adopt {found.address} for {found.owner_then}"
    back = f"/admin/adopt?address={found.address}"
    if not found.changes:
        return Confirmation(title, [ALREADY], "", back, facts=facts)
    return Confirmation(title, [SAYS, *found.remarks], "Adopt", back, facts=facts, kept=kept)
