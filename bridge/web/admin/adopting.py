"""Give a mailbox that exists at Enom to a service: asked for in a form, looked at, then done."""

from flask import Blueprint, Response, request

from bridge.reconcile.adoption import Adoption
from bridge.web.admin import confirm
from bridge.web.admin.confirm import Question
from bridge.web.admin.office import Office
from bridge.web.admin.page import done, page
from hooks.address import normalise

LONGEST = 64  # characters of a service's id
ALREADY = "It already belongs to this service; nothing to do."
SAYS = "Hooks of this service may then change the mailbox. Nothing changes at Enom."


def add_to(pages: Blueprint, office: Office) -> None:
    def form(refusal: str = "") -> Response:
        given = {name: request.args.get(name, "").strip() for name in ("address", "source", "service_id")}
        sources = list(office.service.settings.sources)
        return page(office, "adopt.html", 422 if refusal else 200, given=given, sources=sources, refusal=refusal)

    def ask() -> Question | Response:
        address, source, service_id = (request.args.get(name, "").strip() for name in ("address", "source", "service_id"))
        if not (source and service_id):
            return form()
        try:
            address = normalise(address)
        except ValueError as fault:
            return form(str(fault))
        if len(service_id) > LONGEST or not service_id.isprintable():
            return form(f"A service id has 1 to {LONGEST} printable characters.")
        return question(look(address, source, service_id))

    def act() -> Response | Question:
        given = (request.form.get(name, "") for name in ("address", "source", "service_id"))
        found = look(*given)
        shown = request.form.get("owner_now", "")
        if not found.changes or shown != (found.owner_now or ""):
            return question(found)
        found.carry_out(office.acting.adopt)
        return done(office, f"/admin/mailboxes/{found.address}", f"Adopted: it belongs to {found.owner_then} now.")

    def look(address: str, source: str, service_id: str) -> Adoption:
        with office.looking():
            return office.service.adopting.consider(address, source, service_id)

    confirm.add_to(pages, office, "/adopt", "adopt", ask, act)


def question(found: Adoption) -> Question:
    facts = [
        ("Mailbox", found.address),
        ("At Enom", str(found.state_at_enom) + (f", in pak {found.pak['bundle']}" if found.pak else "")),
        ("Owner now", found.owner_now or "none"),
        ("New owner", found.owner_then),
    ]
    kept = {
        "address": found.address,
        "source": found.source,
        "service_id": found.service_id,
        "owner_now": found.owner_now or "",
    }
    title, back = f"Adopt {found.address} for {found.owner_then}", f"/admin/adopt?address={found.address}"
    if not found.changes:
        return Question(title, [ALREADY], "", back, facts=facts)
    return Question(title, [SAYS, *found.remarks], "Adopt", back, facts=facts, kept=kept)
