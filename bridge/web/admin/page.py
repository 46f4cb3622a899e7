"""From a template to an answer: the whole page, or for htmx only the part of it that changes."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from flask import Response, g, make_response, redirect, render_template, request

from bridge import __version__
from bridge.web.admin import formatting
from bridge.web.admin.context import admin_context
from bridge.web.admin.nav import NAV
from bridge.web.admin.session import NOTE, NOTE_LASTS


def page(template: str, status: int = 200, *, every: int | None = None, **values: Any) -> Response:
    """`template` fills the block `live` with what changes, and may fill `top` and `bottom` with
    what does not.

    `every`: after so many seconds the block asks for itself again.
    """
    context, person = admin_context(), g.get("person")
    cookie = request.cookies.get(NOTE)
    note = None if cookie is None else context.sessions.read_note(cookie)
    part = request.headers.get("HX-Target") == "live"
    now = context.service.database.clock()
    html = render_template(
        f"admin/{template}",
        layout="admin/part.html" if part else "admin/base.html",
        asset=asset,
        csrf=values.pop("csrf", None) or (person and context.sessions.form_token(person.id)),
        here=request.path,
        here_query=here(),
        without_updates=here(live="off"),
        with_updates=here(live=None),
        every=every if request.args.get("live") != "off" else None,
        can_update=every is not None,
        nav=NAV,
        note=None if part else note,
        now=now,
        person=person,
        version=__version__,
        words=formatting,
        **values,
    )
    response = make_response(html, status)
    if note is not None and not part:
        response.delete_cookie(NOTE, path="/admin")
    if part and request.headers.get("HX-Trigger") == "filters":
        response.headers["HX-Push-Url"] = here()
    response.vary.add("HX-Target")
    return response


def here(**changes: str | None) -> str:
    """This page's address with some of its parameters changed; None takes one out."""
    given = {name: value for name, value in request.args.items() if value} | changes
    kept = {name: value for name, value in given.items() if value is not None}
    return request.path + (f"?{urlencode(kept)}" if kept else "")


def say(response: Response, text: str) -> Response:
    """Tells one sentence on the page that follows."""
    put_cookie(response, NOTE, admin_context().sessions.note(text), int(NOTE_LASTS))
    return response


def put_cookie(response: Response, name: str, value: str, lasts: int | None = None) -> None:
    """Every cookie of the pages: for them alone, out of reach of scripts and of other sites.

    `lasts` in seconds.
    """
    secure = admin_context().service.settings.bridge.public_url.startswith("https:")
    response.set_cookie(
        name, value, max_age=lasts, path="/admin", httponly=True, samesite="Strict", secure=secure
    )


def done(place: str, text: str) -> Response:
    """On to a page that says what was done, so that loading it anew does nothing twice."""
    return say(go(place), text)


def go(place: str) -> Response:
    """On to another page, which the browser asks for anew."""
    return make_response(redirect(place, 303))


@cache
def asset(name: str) -> str:
    """The address of a file of ours.

    It changes with the content, so a browser may keep what it has for ever.
    """
    content = files("bridge.web.admin").joinpath("static", name).read_bytes()
    return f"/admin/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
