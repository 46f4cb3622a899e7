"""What a person may do on the pages: each says first what will happen, is refused to whom it must be, and is written down."""

import re
from typing import Any

import pytest

from tests.support.admin import FULL, LIFTED, WHO, Visitor, fill, query
from tests.support.bridge import PASSWORD
from tests.support.scene import Open, Scene


@pytest.fixture
def full(open_scene: Open) -> Scene:
    scene = open_scene(**FULL)
    scene.ids = fill(scene)  # type: ignore[attr-defined]
    return scene


@pytest.fixture
def ids(full: Scene) -> dict[str, str]:
    return full.ids  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def visitor(full: Scene) -> Visitor:
    visitor = Visitor(full)
    visitor.sign_in()
    return visitor


def last(scene: Scene) -> tuple[str, str, str, str | None]:
    """The newest line of the audit trail."""
    rows, _ = scene.service.lookup.page("audit", 1)
    return tuple(rows[0][name] for name in ("who", "action", "target", "detail"))  # type: ignore[return-value]


def acts(ids: dict[str, str]) -> list[str]:
    return [
        f"/admin/jobs/{ids['held']}/approve", f"/admin/jobs/{ids['held']}/retry", f"/admin/jobs/{ids['queued']}/cancel",
        f"/admin/callbacks/{ids['exhausted']}/resend", "/admin/hooks/shop/msg_held/replay", "/admin/adopt",
        "/admin/pause/account/main", "/admin/resume/account/main", "/admin/pause/source/shop", "/admin/resume/source/shop",
        "/admin/drift/main/compare", f"/admin/drift/main/repair/{LIFTED}",
    ]  # fmt: skip


def state(scene: Scene) -> Any:
    """What an action could have changed."""
    rows = {what: scene.service.lookup.page(what, None)[0] for what in ("jobs", "callbacks", "mailboxes")}
    return rows, [dict(row) for row in scene.service.standing.account_states()], scene.service.standing.paused_sources()


def test_the_next_step_of_a_job_is_a_button_of_its_page(visitor: Visitor, ids: dict[str, str]) -> None:
    for name, button in (("held", "Approve"), ("queued", "Cancel"), ("failed", "Give it to a service")):
        page = visitor.get(f"/admin/jobs/{ids[name]}")
        (told,) = page.all("p", class_="next")
        assert f'"{button}"' in "".join(told.itertext())
        if name == "failed":
            page = visitor.get("/admin/mailboxes/john.doe@example.com")
        assert button in [each.text for each in page.all("a") if "button" in (each.get("class") or "")]


def test_approve_lets_the_held_job_go_on_as_a_new_one(full: Scene, visitor: Visitor, ids: dict[str, str]) -> None:
    assert f"/admin/jobs/{ids['held']}/approve" in visitor.get(f"/admin/jobs/{ids['held']}").links()
    asked = visitor.get(f"/admin/jobs/{ids['held']}/approve")
    assert "It can spend money or delete mail" in asked.words and "delete the mailbox" in asked.words
    page = visitor.press(f"/admin/jobs/{ids['held']}/approve")
    assert f"{ids['held']} is approved; it goes on as this job." in page.words
    assert last(full) == (WHO, "approve", ids["held"], None)
    full.work(300)
    assert full.mailbox("amy@example.com") is None
    assert "is approved" not in visitor.get(page.answer.request.path).words, "said once"


def test_retry_is_offered_where_it_helps_and_refused_where_it_was_done(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    page = visitor.press(f"/admin/jobs/{ids['failed']}/retry")
    assert "is tried again as this job" in page.words
    assert last(full) == (WHO, "retry", ids["failed"], None)
    assert "This cannot be done to this job now" in visitor.get(f"/admin/jobs/{ids['failed']}/retry", 409).words
    for id in (ids["succeeded"], ids["cancelled"]):
        assert visitor.get(f"/admin/jobs/{id}/retry", 409).all("button", class_="main") == []


def test_cancel_takes_a_waiting_job_out_of_the_line(full: Scene, visitor: Visitor, ids: dict[str, str]) -> None:
    assert "is cancelled" in visitor.press(f"/admin/jobs/{ids['queued']}/cancel").words
    assert last(full) == (WHO, "cancel", ids["queued"], None)


def test_what_is_true_no_more_when_the_button_is_pressed_is_told_and_not_done(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    form = visitor.get(f"/admin/jobs/{ids['held']}/approve").form(f"/admin/jobs/{ids['held']}/approve")
    full.service.people.by("another").retry(ids["held"])
    answer = visitor.post(f"/admin/jobs/{ids['held']}/approve", form)
    assert (answer.status_code, "was tried again already" in answer.text) == (409, True)
    assert last(full)[0] == "another"


def test_a_callback_is_sent_again(full: Scene, visitor: Visitor, ids: dict[str, str]) -> None:
    page = visitor.press(f"/admin/callbacks/{ids['exhausted']}/resend")
    assert "It is sent again now." in page.words and "pending" in page.words
    assert last(full) == (WHO, "resend", ids["exhausted"], None)
    assert ids["exhausted"] in [each["id"] for each in full.call_back(10)]


def test_a_hook_is_replayed_after_its_plan_was_shown(full: Scene, visitor: Visitor, ids: dict[str, str]) -> None:
    asked = visitor.get("/admin/hooks/shop/msg_held/replay")
    assert "Plan delete the mailbox" in asked.words
    page = visitor.press("/admin/hooks/shop/msg_held/replay")
    assert page.heading == "mailbox.terminate of amy@example.com"
    assert last(full) == (WHO, "retry", ids["held"], None)


def test_a_replay_whose_plan_has_changed_does_nothing_and_shows_the_new_one(full: Scene, visitor: Visitor) -> None:
    path = "/admin/hooks/shop/msg_held/replay"
    form = visitor.get(path).form(path)
    full.sim.control("/mailboxes/delete", {"address": "amy@example.com"})
    full.clock.now += 60
    before = state(full)
    answer = visitor.post(path, form)
    assert (
        answer.status_code == 409 and "so nothing was done" in answer.text and "nothing to do, it is so already" in answer.text
    )
    assert visitor.post(path, form | {"checksum": "guessed"}).status_code == 409
    assert state(full) == before


def test_a_mailbox_is_adopted_after_what_would_change_was_shown(full: Scene, visitor: Visitor) -> None:
    full.sim.control("/mailboxes", {"address": "found@example.com", "password": PASSWORD, "settled": True})
    path = query("/admin/adopt", address="Found@Example.com", source="shop", service_id="55")
    assert "Belongs to now nobody" in visitor.get(path).words
    page = visitor.press(path)
    assert page.heading == "found@example.com" and "active It belongs to service 55 of shop" in page.words
    assert last(full) == (WHO, "adopt", "found@example.com", "for service 55 of shop")
    assert visitor.get(path).all("button", class_="main") == [], "it is so already"
    taken = visitor.get(query("/admin/adopt", address="found@example.com", source="shop", service_id="56"))
    assert "Hooks of service 55 of shop will be refused (not_ours)" in taken.words
    for address, status in (("missing@example.com", 409), ("nonsense", 422), ("x@example.net", 409)):
        visitor.get(query("/admin/adopt", address=address, source="shop", service_id="55"), status)
    visitor.get(query("/admin/adopt", address="found@example.com", source="nobody", service_id="55"), 404)


def test_accounts_and_sources_are_paused_with_a_reason_and_resumed(full: Scene, visitor: Visitor) -> None:
    page = visitor.press("/admin/pause/account/main", reason="Enom is\nmoving <house>")
    assert "The account main is paused." in page.words and "Enom is moving <house>" in page.words
    assert last(full) == (WHO, "pause", "account main", "Enom is moving <house>")
    assert "The account main is not paused any more." in visitor.press("/admin/resume/account/main").words
    assert last(full) == (WHO, "resume", "account main", None)
    assert "Source shop is paused" in visitor.press("/admin/pause/source/shop", reason="Billing runs wild").words
    assert last(full) == (WHO, "pause", "source shop", "Billing runs wild")
    assert full.send("mailbox.suspend").status_code == 503
    visitor.press("/admin/resume/source/shop")
    assert full.send("mailbox.suspend").status_code == 202


def test_who_only_looks_sees_no_button_and_is_refused_each_action(full: Scene, ids: dict[str, str]) -> None:
    looker = Visitor(full)
    looker.sign_in(acts=False)
    before, allowed = state(full), {"/admin/sign-out"}
    for path in ("/admin/", f"/admin/jobs/{ids['held']}", f"/admin/callbacks/{ids['exhausted']}", "/admin/hooks/shop/msg_held",
                 "/admin/mailboxes", "/admin/mailboxes/amy@example.com"):  # fmt: skip
        page = looker.get(path)
        assert {each.get("action") for each in page.all("form") if each.get("method") == "post"} == allowed, path
        assert not [
            link for link in page.links() if re.search(r"/(retry|approve|cancel|resend|replay|adopt|pause|resume)", link)
        ]
    token = looker.get("/admin/").form("/admin/sign-out")["csrf"]
    for path in acts(ids):
        assert "You are signed in to look" in looker.get(path, 403).words
        assert looker.post(path, {"csrf": token}).status_code == 403
    assert state(full) == before


REFUSED: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("no token", {"csrf": ""}, {}),
    ("a made-up token", {"csrf": "WyJ4IiwxXQ.x"}, {}),
    ("another site", {}, {"Sec_Fetch_Site": "cross-site", "Origin": "https://example.net"}),
    ("another site that hides", {}, {"Sec_Fetch_Site": "cross-site", "Origin": ""}),
    ("another origin", {}, {"Sec_Fetch_Site": "", "Origin": "https://example.net"}),
    ("another host of the same site", {}, {"Sec_Fetch_Site": "same-site", "Origin": "https://shop.example.com"}),
    ("no origin that could be named", {}, {"Sec_Fetch_Site": "", "Origin": "null"}),
    ("nothing said of where it comes from", {}, {"Sec_Fetch_Site": "", "Origin": ""}),
]


def test_no_form_but_our_own_does_anything(full: Scene, visitor: Visitor, ids: dict[str, str]) -> None:
    token = visitor.get("/admin/").form("/admin/sign-out")["csrf"]
    stranger = Visitor(full)
    stranger.sign_in()
    foreign = stranger.get("/admin/").form("/admin/sign-out")["csrf"]
    before = state(full)
    cases = [*REFUSED, ("another session's token", {"csrf": foreign}, {})]
    for path in acts(ids):
        for what, data, headers in cases:
            assert visitor.post(path, {"csrf": token} | data, **headers).status_code == 403, (path, what)
        assert Visitor(full).post(path, {"csrf": token}).status_code == 403, "no session"
        assert full.client.get(path).status_code == 303
    full.clock.now += 1801
    for path in acts(ids):
        answer = visitor.post(path, {"csrf": token})
        assert (answer.status_code, "Your session has ended" in answer.text) == (403, True)
    full.clock.now -= 1801
    assert state(full) == before


def test_a_token_of_htmx_stands_in_a_header(full: Scene, visitor: Visitor) -> None:
    token = visitor.get("/admin/").form("/admin/sign-out")["csrf"]
    assert visitor.post("/admin/pause/source/shop", {}, X_CSRF_Token=token).status_code == 303


def test_a_form_is_taken_at_the_public_address_behind_a_proxy(open_scene: Open) -> None:
    scene = open_scene(bridge__public_url="http://bridge.example.com")
    visitor = Visitor(scene)
    answer = visitor.post("/admin/sign-in", visitor.first_form() | {"code": visitor.code()}, Origin="http://bridge.example.com")
    assert answer.status_code == 303


def test_only_so_many_pages_ask_enom_at_a_time(full: Scene, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that hooks always find a thread that is free."""
    path, answers = "/admin/hooks/shop/msg_held/replay", list[tuple[int, bool]]()
    ask = type(full.service.replay).recorded

    def meanwhile(replay: Any, hook: str, source: str | None = None) -> Any:
        other = Visitor(full)
        other.sign_in()
        answer = other.raw(path)
        answers.append((answer.status_code, "Others are asking Enom" in answer.text))
        return ask(replay, hook, source)

    monkeypatch.setattr(type(full.service.replay), "recorded", meanwhile)
    assert visitor.raw(path).status_code == 200
    assert answers == [(503, True)]  # of four threads one; the first page itself goes on
