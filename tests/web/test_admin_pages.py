"""Every page with a database full of every state: it is there, parses strictly, holds no secret,
nothing breaks out of it."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bridge import __version__
from bridge.cli import main
from bridge.domain.model import Address
from bridge.store.admin.lists import VALUES
from bridge.store.base import tables
from bridge.web.admin import charts, formatting, nav, overall_status
from bridge.web.admin.overview import drawn
from tests.flow.test_secrets import leaks
from tests.support.admin import FULL, LIFTED, ORIGIN, Page, Visitor, fill, query, shown
from tests.support.bridge import PASSWORD
from tests.support.scene import Open, Scene

__all__ = ["shown"]

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"
both = pytest.mark.parametrize("store", ["sqlite", "postgres"])


@pytest.fixture
def full(store: str, open_scene: Open) -> Scene:
    scene = open_scene(**FULL)
    scene.ids = fill(scene)  # type: ignore[attr-defined]
    return scene


@pytest.fixture
def visitor(shown: Scene) -> Visitor:
    visitor = Visitor(shown)
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def ids(shown: Scene) -> dict[str, str]:
    return shown.ids  # type: ignore[attr-defined, no-any-return]


def pages(ids: dict[str, str]) -> list[str]:
    """Every page that can be asked for, with what is in the database."""
    jobs = [f"/admin/jobs/{id}" for id in ids.values() if id.startswith("job_")]
    return [
        *(entry.path for entry in nav.NAV),
        *jobs,
        *(f"/admin/callbacks/{ids[name]}" for name in ("delivered", "exhausted")),
        *(f"/admin/hooks/shop/{id}" for id in ("msg_create", "msg_held", "msg_parked", "msg_queued")),
        *(f"/admin/mailboxes/{address}@example.com" for address in ("john.doe", "amy", "bob", "old")),
        "/admin", "/admin/adopt", "/admin/search", "/admin/search?q=8", "/admin/search?q=nothing",
        f"/admin/jobs/{ids['held']}/approve", f"/admin/jobs/{ids['held']}/retry", f"/admin/jobs/{ids['queued']}/cancel",
        f"/admin/callbacks/{ids['exhausted']}/resend", "/admin/hooks/shop/msg_held/replay",
        "/admin/pause/account/main", "/admin/resume/account/main", "/admin/pause/source/shop", "/admin/resume/source/shop",
        query("/admin/adopt", address="amy@example.com", source="shop", service_id="80"),
        *(query("/admin/jobs", status=status) for status in ("held", "failed", "queued", "running", "succeeded", "cancelled")),
        *(query("/admin/hooks", status="parked"), query("/admin/hooks", address="Amy@Example.com")),
        *(query("/admin/callbacks", status="exhausted"), query("/admin/callbacks", job_id=ids["held"])),
        *(query("/admin/mailboxes", state="suspended"), query("/admin/mailboxes", domain="example.com", service_id="8")),
        "/admin/drift/main/compare", f"/admin/drift/main/repair/{LIFTED}", query("/admin/drift", kind="no_owner"),
        query("/admin/audit", who="root (command line)", action="cancel"),
    ]  # fmt: skip


@both
def test_every_page_is_there_parses_strictly_and_holds_no_secret(full: Scene) -> None:
    visitor = Visitor(full)
    visitor.sign_in()
    for path in pages(full.ids):  # type: ignore[attr-defined]
        page = visitor.get(path)
        assert leaks(page.text) == [], path
        assert PASSWORD not in page.text and "pbkdf2" not in page.text, path
        assert len(page.all("h1")) == 1 and len(page.all("main")) == 1, path
        assert page.all("title")[0].text not in ("", None)
        ids = [each.get("id") for each in page.tree.iter() if each.get("id")]
        assert len(ids) == len(set(ids)), path
        for label in page.all("label"):
            assert label.get("for") in ids, path


def test_a_time_that_was_never_set_is_none_on_every_page_and_for_every_command(
    open_scene: Open,
) -> None:
    scene = open_scene(**FULL)
    job = scene.do("create", password=PASSWORD)["job"]
    scene.service.operator.adopt("main", Address.parse("old@example.com"), "shop", "33")
    commands = [
        ["jobs", "show", job],
        ["jobs", "explain", job],
        ["mailboxes", "list"],
        ["mailboxes", "show", "old@example.com"],
        ["mailboxes", "show", "john.doe@example.com"],
        ["mailboxes", "export", "old@example.com"],
    ]
    for words in [*commands, *([*each, "--json"] for each in commands)]:
        told = CliRunner().invoke(main, ["--config", str(scene.path), *words]).output
        assert told and "1970-01" not in told, words
    visitor = Visitor(scene)
    visitor.sign_in()
    for path in (f"jobs/{job}", "mailboxes/old@example.com", "mailboxes/john.doe@example.com"):
        assert "1970-01" not in visitor.get(f"/admin/{path}").text


def test_no_page_has_a_script_or_a_style_of_its_own(ids: dict[str, str], visitor: Visitor) -> None:
    for path in pages(ids):
        page = visitor.get(path)
        assert (
            [each for each in page.all("script") if not each.get("src")] == page.all("style") == []
        )
        assert [
            each
            for each in page.tree.iter()
            for name in each.attrib
            if name == "style" or name.startswith("on")
        ] == []


def test_every_link_of_every_page_leads_to_a_page(visitor: Visitor) -> None:
    seen, left = set(), {"/admin/"}
    while left:
        path = left.pop()
        seen.add(path)
        answer = visitor.raw(path)
        assert answer.status_code == 200 or (
            answer.status_code == 409 and path.endswith("/replay")
        ), path
        if answer.mimetype == "text/csv":
            continue
        page = Page(answer)
        anchors = {f"#{each.get('id')}" for each in page.tree.iter() if each.get("id")}
        found = page.links()
        assert {link for link in found if link.startswith("#")} <= anchors, path
        left |= {link for link in found if not link.startswith("#") and "live=" not in link} - seen
        assert all(link.startswith(("#", "/admin")) for link in found), found
    assert len(seen) > 40


def test_the_headers_of_a_page_forbid_what_a_browser_need_not_do(visitor: Visitor) -> None:
    headers = visitor.get("/admin/").answer.headers
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert "unsafe" not in headers["Content-Security-Policy"]
    result = (
        headers["Cache-Control"],
        headers["X-Content-Type-Options"],
        headers["Referrer-Policy"],
    )
    assert result == ("no-store", "nosniff", "same-origin")


def test_the_files_of_the_pages_may_be_kept_because_their_address_changes_with_them(
    visitor: Visitor,
) -> None:
    page = visitor.get("/admin/")
    sources = [each.get("src") for each in page.all("script")] + [
        each.get("href") for each in page.all("link")
    ]
    assert len(sources) == 4
    for source in sources:
        answer = visitor.raw(source)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True)
    assert (
        Visitor(visitor.scene).raw(sources[0].partition("?")[0]).headers["Cache-Control"]
        == "no-store"
    )
    assert visitor.raw("/admin/static/htmx.LICENSE.txt").status_code == 200


def test_a_part_that_updates_itself_is_only_that_part(
    ids: dict[str, str], visitor: Visitor
) -> None:
    whole = visitor.get("/admin/jobs?status=held")
    (live,) = whole.all("div", id="live")
    assert (live.get("hx-get"), live.get("hx-trigger")) == ("/admin/jobs?status=held", "every 10s")
    part = visitor.raw(
        "/admin/jobs?status=held", HX_Request="true", HX_Target="live", HX_Trigger="live"
    ).text
    assert part.startswith('<div id="live"') and "<html" not in part and ids["held"] in part
    still = visitor.get("/admin/jobs?status=held&live=off")
    assert still.all("div", id="live")[0].get("hx-get") is None
    assert "/admin/jobs?status=held" in still.links()


def test_filters_stand_in_the_address_and_in_the_form(visitor: Visitor) -> None:
    page = visitor.get("/admin/jobs?status=held&source=shop&address=AMY@example.com")
    assert [
        each.get("value") for each in page.all("option") if each.get("selected") is not None
    ] == ["held", "shop"]
    assert page.all("input", id="f-address")[0].get("value") == "amy@example.com"
    assert len(page.all("tr")) == 2
    pushed = visitor.raw(
        "/admin/jobs?status=held&source=&action=",
        HX_Request="true",
        HX_Target="live",
        HX_Trigger="filters",
    )
    assert pushed.headers["HX-Push-Url"] == "/admin/jobs?status=held"


def test_a_long_list_is_paged_by_keys_and_keeps_its_filters(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.web.admin.listing.ROWS", 2)
    made = [scene.hook("suspend", address=f"u{number}@example.com")["job"] for number in range(5)]
    visitor, found, path = Visitor(scene), [], "/admin/jobs?status=queued"
    visitor.sign_in()
    while path:
        page = visitor.get(path)
        found += [each.get("href").rpartition("/")[2] for each in page.all("a", class_="id")]
        path = next((each.get("href") for each in page.all("a", rel="next")), "")
        assert not path or "status=queued" in path
    assert found == sorted(made, reverse=True)
    visitor.get("/admin/hooks?after=none", 404)


def test_the_search_leads_to_the_one_thing_or_lists_what_there_is(
    ids: dict[str, str], visitor: Visitor
) -> None:
    for text, place in (
        (ids["held"], f"/admin/jobs/{ids['held']}"),
        (ids["exhausted"], f"/admin/callbacks/{ids['exhausted']}"),
        ("msg_parked", "/admin/hooks/shop/msg_parked"),
        (" OLD@Example.com ", "/admin/mailboxes/old@example.com"),
    ):
        assert visitor.raw(query("/admin/search", q=text)).headers["Location"] == place
    page = visitor.get("/admin/search?q=8")
    assert (
        "/admin/mailboxes/amy@example.com" in page.links()
        and f"/admin/jobs/{ids['held']}" in page.links()
    )


def test_the_overview_says_whether_it_works_what_is_stuck_and_what_to_do(full: Scene) -> None:
    visitor = Visitor(full)
    visitor.sign_in()
    words = visitor.get("/admin/").words
    assert "Running, needs attention: 1 held job waits for your decision." in words
    assert "1 callback could not be delivered" in words and "1 hook could not be read" in words
    full.service.operator.by("jane").pause_account("main", "Enom is moving house.")
    words = visitor.get("/admin/").words
    assert (
        "Not running normally: Account main is paused (Enom is moving house); 1 of its jobs wait."
        in words
    )
    full.clock.now += 100
    assert (
        "Not running normally: No worker has responded for 1 minute" in visitor.get("/admin/").words
    )


def test_where_all_is_well_the_overview_says_so(scene: Scene) -> None:
    scene.engine.beat()
    visitor = Visitor(scene)
    visitor.sign_in()
    page = visitor.get("/admin/")
    assert "Running: no open jobs, nothing needs attention." in page.words
    assert page.all("section", class_="verdict good")


@both
def test_the_figures_of_the_last_hours_are_those_of_the_jobs(full: Scene) -> None:
    figures = Visitor(full).scene.app and overview(full)
    assert (sum(figures.hours.accepted), sum(figures.hours.succeeded), sum(figures.hours.bad)) == (
        4,
        1,
        1,
    )
    assert figures.hours.waiting[-1] == figures.waiting == 1
    assert [row["open"] for row in figures.accounts] == [1]
    assert [plot.total for plot in drawn(figures)[:4]] == ["4", "1", "1", "1"]
    full.clock.now += 3600
    moved = overview(full)
    assert (moved.hours.accepted[-2], moved.hours.waiting[-2:]) == (4, [1, 1])
    full.clock.now += 23 * 3600
    assert sum(overview(full).hours.accepted) == 0


@both
def test_a_filter_finds_what_a_walk_through_the_whole_list_finds(full: Scene) -> None:
    """Each rare status has an index of its own, and each its own way to be asked for."""
    page = full.service.lookup.page
    for what in ("jobs", "hooks", "callbacks"):
        statuses = VALUES[what, "status"]
        rows, _ = page(what, None)
        for source in (None, "shop", "other"):
            for status in statuses:
                wanted = [
                    row
                    for row in rows
                    if row["status"] == status and source in (None, row["source"])
                ]
                assert page(what, None, status=status, source=source)[0] == wanted, (
                    what,
                    status,
                    source,
                )
        for address in ("amy@example.com", "nobody@example.com"):
            assert page(what, None, address=address)[0] == [
                row for row in rows if row["address"] == address
            ]


def test_the_settings_tell_which_module_tested_the_connection_and_whether_it_fits(
    scene: Scene,
) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    assert "Billing modules" not in visitor.get("/admin/settings").words
    scene.ask("connection.test", sender=f"whmcs {__version__}")
    assert f"shop whmcs {__version__} yes" in visitor.get("/admin/settings").words
    scene.ask("connection.test", sender="whmcs <b>9.9.9")
    assert (
        f"is whmcs <b>9.9.9, and this bridge is {__version__}. Update the older"
        in visitor.get("/admin/settings").words
    )


def test_a_value_that_nothing_can_have_is_told_with_the_nearest_right_ones(shown: Scene) -> None:
    visitor = Visitor(shown)
    visitor.sign_in()
    for path, result in (
        ("/admin/jobs?status=hled", "There is no status 'hled'; there are: queued,"),
        ("/admin/jobs?code=unsave", "did you mean unsafe"),
        ("/admin/jobs?source=shob", "did you mean shop?"),
        ("/admin/hooks?type=mailbox.suspnd", "did you mean mailbox.suspend"),
        ("/admin/mailboxes?account=mian", "did you mean main?"),
        ("/admin/callbacks?status=exhaustd", "did you mean exhausted?"),
        ("/admin/drift?kind=wrong_stat", "did you mean wrong_state"),
        ("/admin/audit?action=aprove", "did you mean approve?"),
    ):
        page = visitor.get(path, 422)
        assert result in page.words and page.all("table", class_="list") == [], path
        part = visitor.raw(path, HX_Target="live")
        assert result in html.unescape(part.text.replace("<wbr>", "")), (
            "htmx shows only what went well"
        )
        assert part.status_code == 200


def test_an_address_is_found_by_a_part_of_it(shown: Scene) -> None:
    visitor = Visitor(shown)
    visitor.sign_in()
    for text in ("john", "JOHN.d", "doe@"):
        assert (
            visitor.raw(query("/admin/search", q=text)).headers["Location"]
            == "/admin/mailboxes/john.doe@example.com"
        )
    page = visitor.get(query("/admin/search", q="example.com"))
    assert {"/admin/mailboxes/amy@example.com", "/admin/mailboxes/bob@example.com"} <= page.links()
    assert visitor.get(query("/admin/mailboxes", address="amy")).words.count("amy@example.com") == 1
    assert "bob@example.com" not in visitor.get(query("/admin/jobs", address="amy")).words


def test_aliases_and_forwarding_stand_on_the_page_of_their_mailbox(scene: Scene) -> None:
    scene.do("create", password=PASSWORD)
    visitor = Visitor(scene)
    visitor.sign_in()
    address = "/admin/mailboxes/john.doe@example.com"
    assert "Aliases" not in visitor.get(address).words
    scene.do("set_aliases", aliases=["info@example.com", "a@example.com"])
    receipt = scene.do("set_forwarding", forward_to=["out@example.org"], keep_copy=False)
    words = visitor.get(address).words
    assert "Aliases a@example.com, info@example.com" in words
    assert "Forwarded to out@example.org no copy is kept" in words
    job = visitor.get(f"/admin/jobs/{receipt['job']}").words
    assert "set its forwarding: to out@example.org, without a copy here" in job
    scene.do("set_forwarding", forward_to=[])
    scene.do("set_aliases", aliases=[])
    words = visitor.get(address).words
    assert "Aliases none" in words and "Forwarded to off" in words


def overview(scene: Scene) -> Any:
    from bridge import store, wiring

    return store.Overview(scene.service.database, wiring.first_id).figures()


def test_a_job_that_was_tried_again_needs_nobody_any_more(full: Scene) -> None:
    assert overview(full).todo["held"][0] == 1
    full.service.operator.by("jane").retry(full.ids["held"])  # type: ignore[attr-defined]
    assert overview(full).todo["held"][0] == 0


def test_what_a_stranger_wrote_is_text_and_nothing_else(full: Scene) -> None:
    """Most of these cannot even get in; if they did, no page would become another one by it."""
    ids = full.ids  # type: ignore[attr-defined]
    with full.service.database.write() as tx:
        tx.execute(
            sa.update(tables.jobs).values(
                service_id=HOSTILE[:64],
                message=HOSTILE,
                error={
                    "kind": "refused",
                    "code": "refused",
                    "detail": HOSTILE,
                    "remote": {"x": HOSTILE},
                },
            )
        )
        tx.execute(sa.update(tables.callbacks).values(last_error=HOSTILE))
        tx.execute(
            sa.update(tables.hooks)
            .where(tables.hooks.c.errors.is_not(None))
            .values(errors={HOSTILE: [HOSTILE]})
        )
        tx.execute(
            sa.update(tables.audit).values(
                who=HOSTILE, detail=HOSTILE, target=HOSTILE, action=HOSTILE[:32]
            )
        )
        tx.execute(sa.update(tables.accounts).values(paused="person", detail=HOSTILE))
        tx.execute(
            sa.update(tables.mailboxes).values(service_id=HOSTILE[:64], suspended_with=HOSTILE[:16])
        )
        tx.execute(
            sa.update(tables.differences).values(
                detail=HOSTILE, remedy=HOSTILE, service_id=HOSTILE[:64]
            )
        )
    visitor = Visitor(full)
    visitor.sign_in(code=visitor.code(who=HOSTILE))
    for path in [
        path for path in pages(ids) if not re.search(r"/replay|adopt\?|/approve|/repair", path)
    ]:
        page = visitor.get(path)
        assert "alert(1)" not in "".join(each.text or "" for each in page.all("script")), path
        assert "<script>alert" not in page.text, path
    assert HOSTILE in visitor.get("/admin/audit").words, "as it is, and not as a template"
    for path in ("/admin/search", "/admin/jobs", "/admin/audit"):
        page = visitor.get(query(path, q=HOSTILE, address=HOSTILE, who=HOSTILE))
        assert "<script>alert" not in page.text


def test_a_plot_escapes_its_words() -> None:
    assert "<script>" not in charts.bars([1.0], HOSTILE, HOSTILE, [HOSTILE])


@contextmanager
def away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError(
            "SELECT", {"password": "Sesame"}, Exception("connection refused")
        )

    with monkeypatch.context() as patch:
        patch.setattr(scene.service.database.engine, "begin", refuse)
        patch.setattr(scene.service.database.engine, "connect", refuse)
        yield


@both
def test_while_the_database_is_away_every_page_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    with away(scene, monkeypatch):
        for entry in nav.NAV:
            page = visitor.get(entry.path, 503)
            assert page.heading == "The database is not reachable" and "Sesame" not in page.text
            assert page.answer.headers["Retry-After"] == "5"
        assert visitor.post("/admin/jobs/job_1/retry").status_code == 503
        assert Visitor(scene).get("/admin/sign-in").status == 200
        assert Visitor(scene).sign_in().status_code == 503
        assert scene.send("mailbox.suspend").content_type == "application/problem+json"
    assert visitor.raw("/admin/").status_code == 200


def test_what_is_not_there_is_a_page_for_those_inside_and_a_form_for_the_rest(scene: Scene) -> None:
    visitor = Visitor(scene)
    for path in ("/admin/nowhere", "/admin/jobs/job_none", "/admin/hooks/shop/none", "/admin/mailboxes/x@example.com",
                 "/admin/callbacks/cb_none", "/admin/pause/account/none", "/admin/jobs/x/explode", "/admin/jobs/"):  # fmt: skip
        assert visitor.raw(path).status_code == 303
    visitor.sign_in()
    for path in ("/admin/nowhere", "/admin/jobs/job_none", "/admin/hooks/shop/none", "/admin/mailboxes/x@example.com",
                 "/admin/callbacks/cb_none", "/admin/pause/account/none", "/admin/jobs/x/explode", "/admin/jobs/",
                 "/admin/jobs/%00", "/admin/search?q=%00"):  # fmt: skip
        page = visitor.get(path, 404)
        assert page.heading == "Not found" and page.answer.content_type.startswith("text/html")
    assert visitor.client.put("/admin/jobs", headers=ORIGIN).status_code in (404, 405)


def test_what_is_not_below_admin_is_answered_as_before(scene: Scene) -> None:
    for path in ("/", "/administrator", "/adminx/jobs", "/hooks", "/hooks/shop/x"):
        answer = scene.client.get(path)
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
        assert "Content-Security-Policy" not in answer.headers


def test_an_error_of_ours_is_a_page_without_its_words(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Sesame")

    monkeypatch.setattr(
        "bridge.web.admin.error_pages.log.error", lambda *_, **__: None, raising=False
    )
    monkeypatch.setattr(scene.service.lookup, "page", fail)
    page = visitor.get("/admin/jobs", 500)
    assert page.heading == "Internal error" and "Sesame" not in page.text


def test_settings_show_what_is_in_force_and_mask_the_rest(visitor: Visitor) -> None:
    words = visitor.get("/admin/settings").words
    assert (
        "[accounts.main]" in words
        and "token ***" in words
        and "password_hash ***" in words
        and "25 GB" in words
    )


@pytest.mark.parametrize(
    "seconds, result",
    [
        (0.4, "now"),
        (59, "59 seconds ago"),
        (61, "1 minute ago"),
        (-7200, "in 2 hours"),
        (200000, "2 days ago"),
    ],
)
def test_a_time_is_told_beside_the_present(seconds: float, result: str) -> None:
    assert formatting.ago(1803902400.0, 1803902400.0 + seconds) == result


def test_many_commands_without_a_yes_are_told(scene: Scene) -> None:
    figures = overview(scene)
    figures.hours.commands[-1], figures.hours.without_yes[-1] = 20, 11
    (finding,) = [
        each
        for each in overall_status.issues(figures, {})
        if "The mail provider refused" in each.text
    ]
    assert "11 of the last 20" in finding.text
    assert json.dumps(finding.remedy)
