"""What a person may do on the pages: each says first what will happen, is refused to whom it
must be, and is written down."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.backends.hosted_email.wire import SERVICES
from bridge.store.base import tables
from bridge.store.queue import brake
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


DEEDS = "/(retry|approve|reject|dismiss|cancel|resend|replay|adopt|pause|resume)"


def last(scene: Scene) -> tuple[str, str, str, str | None]:
    """The newest line of the audit trail."""
    rows, _ = scene.service.lookup.page("audit", 1)
    return tuple(rows[0][name] for name in ("who", "action", "target", "detail"))  # type: ignore[return-value]


def acts(ids: dict[str, str]) -> list[str]:
    return [
        f"/admin/jobs/{ids['held']}/approve", f"/admin/jobs/{ids['held']}/retry", f"/admin/jobs/{ids['queued']}/cancel",
        f"/admin/jobs/{ids['held']}/reject", "/admin/hooks/shop/msg_parked/dismiss", "/admin/jobs/all/reject",
        "/admin/jobs/all/approve", "/admin/jobs/all/retry",
        f"/admin/callbacks/{ids['exhausted']}/resend", "/admin/hooks/shop/msg_held/replay", "/admin/adopt",
        "/admin/pause/account/main", "/admin/resume/account/main", "/admin/pause/source/shop", "/admin/resume/source/shop",
        "/admin/drift/main/compare", f"/admin/drift/main/repair/{LIFTED}",
    ]  # fmt: skip


def state(scene: Scene) -> Any:
    """What an action could have changed."""
    rows = {
        what: scene.service.lookup.page(what, None)[0]
        for what in ("jobs", "callbacks", "mailboxes")
    }
    return (
        rows,
        [dict(row) for row in scene.service.account_state.account_states()],
        scene.service.account_state.paused_sources(),
    )


def test_the_next_step_of_a_job_is_a_button_of_its_page(
    visitor: Visitor, ids: dict[str, str]
) -> None:
    for name, button in (("held", "Approve"), ("queued", "Cancel"), ("failed", "Adopt")):
        page = visitor.get(f"/admin/jobs/{ids[name]}")
        (result,) = page.all("p", class_="next")
        assert f'"{button}"' in "".join(result.itertext())
        if name == "failed":
            page = visitor.get("/admin/mailboxes/john.doe@example.com")
        assert button in [
            each.text for each in page.all("a") if "button" in (each.get("class") or "")
        ]


def test_approve_lets_the_held_job_go_on_as_a_new_one(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    assert f"/admin/jobs/{ids['held']}/approve" in visitor.get(f"/admin/jobs/{ids['held']}").links()
    asked = visitor.get(f"/admin/jobs/{ids['held']}/approve")
    assert (
        "hourly limit of deletions is reached" in asked.words
        and "delete the mailbox" in asked.words
    )
    page = visitor.press(f"/admin/jobs/{ids['held']}/approve")
    assert f"You approved {ids['held']}; this job continues it." in page.words
    assert last(full) == (WHO, "approve", ids["held"], None)
    full.work(300)
    assert full.mailbox("amy@example.com") is None
    assert "was approved" not in visitor.get(page.answer.request.path).words, "said once"


def test_what_is_held_for_anothers_domain_is_approved_on_its_page(scene: Scene) -> None:
    scene.do(
        "create", address="alice@example.com", service_id="1", customer_id="11", password=PASSWORD
    )
    held = scene.do(
        "create", address="ceo@example.com", service_id="2", customer_id="12", password=PASSWORD
    )
    visitor = Visitor(scene)
    visitor.sign_in()
    page = visitor.get(f"/admin/jobs/{held['job']}")
    assert "for service 2 (customer 12)" in page.words and '"Approve"' in page.words
    asked = visitor.get(f"/admin/jobs/{held['job']}/approve")
    assert "domain_of_another: example.com has mailboxes of customer 11." in asked.words
    visitor.press(f"/admin/jobs/{held['job']}/approve")
    scene.work(300)
    assert scene.mailbox("ceo@example.com") is not None
    assert "Customer 12" in visitor.get("/admin/mailboxes/ceo@example.com").words


def test_retry_is_offered_where_it_helps_and_refused_where_it_was_done(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    page = visitor.press(f"/admin/jobs/{ids['failed']}/retry")
    assert f"You retried {ids['failed']}; this job continues it." in page.words
    assert last(full) == (WHO, "retry", ids["failed"], None)
    assert "was already retried, as" in visitor.get(f"/admin/jobs/{ids['failed']}/retry", 409).words
    for id in (ids["succeeded"], ids["cancelled"]):
        assert visitor.get(f"/admin/jobs/{id}/retry", 409).all("button", class_="main") == []


def test_reject_ends_a_held_job_with_a_reason_and_nobody_is_needed_any_more(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    full.call_back(60)
    path = f"/admin/jobs/{ids['held']}/reject"
    assert path in visitor.get(f"/admin/jobs/{ids['held']}").links()
    page = visitor.press(path, reason="The customer\nstays.")
    assert (
        "Job rejected." in page.words and "Rejected by an admin: The customer stays." in page.words
    )
    assert last(full) == (WHO, "reject", ids["held"], "The customer stays.")
    assert "held job" not in visitor.get("/admin/").words
    assert [each["type"] for each in full.call_back(60) if each["data"]["job"] == ids["held"]] == [
        "job.held",
        "job.cancelled",
    ]
    assert full.mailbox("amy@example.com") is not None


def test_what_no_button_offers_is_refused_with_the_reason_also_without_a_page(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    """A form that was made by hand, or on a page from before: the rule is the same, and it is
    asked when it is sent."""
    before, token = state(full), visitor.get("/admin/").form("/admin/sign-out")["csrf"]
    for what, verb, why in (
        ("failed", "approve", "only held jobs can be approved"),
        ("failed", "reject", "only held jobs can be rejected"),
        ("failed", "cancel", "has already failed"),
        ("succeeded", "retry", "only held or failed jobs can be retried"),
        ("queued", "approve", "only held jobs can be approved"),
        ("held", "cancel", "is held, so nothing is left to cancel"),
    ):
        path = f"/admin/jobs/{ids[what]}/{verb}"
        assert path not in visitor.get(f"/admin/jobs/{ids[what]}").links()
        answer = visitor.post(path, {"csrf": token})
        assert (answer.status_code, why in answer.text) == (409, True), path
        assert why in visitor.get(path, 409).text
    for path in ("/admin/hooks/shop/msg_held/dismiss",):
        assert "has a job, so it cannot be dismissed" in visitor.post(path, {"csrf": token}).text
    assert state(full) == before


def test_a_doubt_is_not_approved_on_the_pages_either(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    new = {"address": "new@example.com", "service_id": "11"}
    full.do("create", password=PASSWORD, **new)
    full.work(300)
    full.sim.control(
        "/services",
        {"address": new["address"], "services": dict.fromkeys(SERVICES.values(), "suspended")},
    )
    job = full.do("unsuspend", **new)
    assert (job["status"], job["error"]["code"]) == ("held", "conflict")
    page = visitor.get(f"/admin/jobs/{job['job']}")
    offered = {
        link.rpartition("/")[2]
        for link in page.links()
        if link.startswith(f"/admin/jobs/{job['job']}/")
    }
    assert offered == {"retry", "reject"}
    token = page.form("/admin/sign-out")["csrf"]
    answer = visitor.post(f"/admin/jobs/{job['job']}/approve", {"csrf": token})
    assert (answer.status_code, "nothing to approve" in answer.text) == (409, True)


def test_a_button_that_gives_something_up_is_never_the_one_that_a_page_leads_to(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    """After an approval the page of the new job is shown, and what a person has decided just now
    is not to be cancelled."""
    after = visitor.press(f"/admin/jobs/{ids['held']}/approve")
    for page in (after, visitor.get(f"/admin/jobs/{ids['queued']}")):
        assert [each.text for each in page.all("a", class_="button main")] == []
        assert "Cancel" in [each.text for each in page.all("a", class_="button")]


def test_all_that_filters_leave_are_decided_after_they_were_shown(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    listed = query("/admin/jobs", status="held", code="unsafe")
    links = [link for link in visitor.get(listed).links() if link.startswith("/admin/jobs/all/")]
    assert sorted(link.partition("?")[0].rpartition("/")[2] for link in links) == [
        "approve",
        "reject",
        "retry",
    ]
    assert not [
        link for link in visitor.get("/admin/jobs?status=queued").links() if "/all/" in link
    ]
    (path,) = [link for link in links if "/all/approve" in link]
    asked = visitor.get(path)
    assert ids["held"] in asked.words and "Approve 1 job" in asked.words
    form = asked.form("/admin/jobs/all/approve")
    page = visitor.press(path)
    assert "1 job approved." in page.words
    assert last(full) == (WHO, "approve", ids["held"], None)
    answer = visitor.post("/admin/jobs/all/approve", form)
    assert (answer.status_code, "No job in this list allows this now." in answer.text) == (
        409,
        True,
    )
    (path,) = [link for link in visitor.get("/admin/jobs?status=failed").links() if "/all/" in link]
    changed = visitor.get(path).form("/admin/jobs/all/retry") | {"checksum": "guessed"}
    assert "so nothing was done" in visitor.post("/admin/jobs/all/retry", changed).text
    assert last(full)[1] == "approve"


def test_a_parked_hook_is_dismissed_and_gone_from_the_overview(
    full: Scene, visitor: Visitor
) -> None:
    assert "could not be read" in visitor.get("/admin/").words
    page = visitor.press("/admin/hooks/shop/msg_parked/dismiss", reason="A test")
    assert "Dismissed. Its id is refused" in page.words and "dismissed" in page.words
    assert not [link for link in page.links() if link.endswith(("/replay", "/dismiss"))]
    assert last(full) == (WHO, "dismiss", "msg_parked", "A test")
    assert "could not be read" not in visitor.get("/admin/").words
    assert "msg_parked" in visitor.get("/admin/hooks?status=dismissed").words
    again = full.send(
        "mailbox.create", id="msg_parked", address="new@example.com", password=PASSWORD
    )
    assert (again.status_code, "dismissed" in again.text) == (409, True)
    assert "was dismissed" in visitor.get("/admin/hooks/shop/msg_parked/replay", 409).words


def test_a_difference_that_was_repaired_is_gone_at_once(full: Scene, visitor: Visitor) -> None:
    path = f"/admin/drift/main/repair/{LIFTED}"
    assert path in visitor.get("/admin/drift").links()
    visitor.press(path)
    assert (
        path not in visitor.get("/admin/drift").links()
        and LIFTED not in visitor.get("/admin/drift").words
    )


def test_cancel_takes_a_waiting_job_out_of_the_line(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    assert "Job cancelled." in visitor.press(f"/admin/jobs/{ids['queued']}/cancel").words
    assert last(full) == (WHO, "cancel", ids["queued"], None)


def test_what_is_true_no_more_when_the_button_is_pressed_is_told_and_not_done(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    form = visitor.get(f"/admin/jobs/{ids['held']}/approve").form(
        f"/admin/jobs/{ids['held']}/approve"
    )
    full.service.operator.by("another").retry(ids["held"])
    answer = visitor.post(f"/admin/jobs/{ids['held']}/approve", form)
    assert (answer.status_code, "was already retried" in answer.text) == (409, True)
    assert last(full)[0] == "another"


def test_a_callback_is_sent_again(full: Scene, visitor: Visitor, ids: dict[str, str]) -> None:
    page = visitor.press(f"/admin/callbacks/{ids['exhausted']}/resend")
    assert "Callback queued to be sent now." in page.words and "pending" in page.words
    assert last(full) == (WHO, "resend", ids["exhausted"], None)
    assert ids["exhausted"] in [each["id"] for each in full.call_back(10)]


def test_a_hook_is_replayed_after_its_plan_was_shown(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    asked = visitor.get("/admin/hooks/shop/msg_held/replay")
    assert "Plan delete the mailbox" in asked.words
    page = visitor.press("/admin/hooks/shop/msg_held/replay")
    assert page.heading == "mailbox.terminate of amy@example.com"
    assert last(full) == (WHO, "retry", ids["held"], None)


def test_a_replay_whose_plan_has_changed_does_nothing_and_shows_the_new_one(
    full: Scene, visitor: Visitor
) -> None:
    path = "/admin/hooks/shop/msg_held/replay"
    form = visitor.get(path).form(path)
    full.sim.control("/mailboxes/delete", {"address": "amy@example.com"})
    full.clock.now += 60
    before = state(full)
    answer = visitor.post(path, form)
    assert (
        answer.status_code == 409
        and "so nothing was done" in answer.text
        and "nothing to send, it is so already at the mail provider" in answer.text
    )
    assert visitor.post(path, form | {"checksum": "guessed"}).status_code == 409
    assert state(full) == before


def test_a_mailbox_is_adopted_after_what_would_change_was_shown(
    full: Scene, visitor: Visitor
) -> None:
    full.sim.control(
        "/mailboxes", {"address": "found@example.com", "password": PASSWORD, "settled": True}
    )
    path = query("/admin/adopt", address="Found@Example.com", source="shop", service_id="55")
    assert "Owner now none" in visitor.get(path).words
    page = visitor.press(path)
    assert (
        page.heading == "found@example.com"
        and "active It belongs to service 55 of shop" in page.words
    )
    assert last(full) == (WHO, "adopt", "found@example.com", "for service 55 of shop")
    assert visitor.get(path).all("button", class_="main") == [], "it is so already"
    taken = visitor.get(
        query("/admin/adopt", address="found@example.com", source="shop", service_id="56")
    )
    assert "Hooks of service 55 of shop will then be refused (not_ours)" in taken.words
    for address, status in (
        ("missing@example.com", 409),
        ("nonsense", 422),
        ("x@example.net", 409),
    ):
        visitor.get(query("/admin/adopt", address=address, source="shop", service_id="55"), status)
    visitor.get(
        query("/admin/adopt", address="found@example.com", source="nobody", service_id="55"), 404
    )


def test_accounts_and_sources_are_paused_with_a_reason_and_resumed(
    full: Scene, visitor: Visitor
) -> None:
    page = visitor.press("/admin/pause/account/main", reason="Enom is\nmoving <house>")
    assert "Account main paused." in page.words and "Enom is moving <house>" in page.words
    assert last(full) == (WHO, "pause", "account main", "Enom is moving <house>")
    assert "Account main resumed." in visitor.press("/admin/resume/account/main").words
    assert last(full) == (WHO, "resume", "account main", None)
    with full.service.database.write() as tx:
        tx.execute(sa.update(tables.accounts).values(restored_at=full.clock.now + 1))
    full.clock.now += 2
    visitor.press("/admin/pause/account/main", reason="I look first")
    overview = visitor.get("/admin/").words
    assert (
        "paused after a restore, by an admin" in overview
        and "does not contain anything that happened after the backup" in overview
        and "I look first" in overview
    )
    assert "Resuming now ends the other reasons" in visitor.get("/admin/resume/account/main").words
    refused = visitor.press("/admin/resume/account/main").words
    assert "Account main is still paused." in refused and '"Compare now" under Drift' in refused
    alone = visitor.get("/admin/resume/account/main", 409)
    assert "has not been compared with the mail provider since" in alone.words
    assert alone.all("form", action="/admin/resume/account/main") == []
    full.service.reconcile.account("main", "ann")
    asked = visitor.get("/admin/resume/account/main").words
    assert "The comparison of " in asked and "The database was restored, so check first" in asked
    assert "Account main resumed." in visitor.press("/admin/resume/account/main").words
    assert last(full) == (WHO, "resume", "account main", "after a restore")
    assert (
        "Source shop is paused"
        in visitor.press("/admin/pause/source/shop", reason="Billing runs wild").words
    )
    assert last(full) == (WHO, "pause", "source shop", "Billing runs wild")
    assert full.send("mailbox.suspend").status_code == 503
    visitor.press("/admin/resume/source/shop")
    assert full.send("mailbox.suspend").status_code == 202


def test_where_no_callback_is_configured_no_page_says_that_one_tells_billing(
    open_scene: Open,
) -> None:
    scene = open_scene(**FULL, source__callback="")
    visitor = Visitor(scene)
    visitor.sign_in()
    first, second = (
        scene.send("mailbox.suspend", address=f"{name}@example.com", service_id=name).json["job"]
        for name in ("amy", "ann")
    )
    with scene.service.database.write() as tx:
        held = tables.jobs.c.id == second
        tx.execute(sa.update(tables.jobs).where(held).values(status="held", code="unclear"))
    for job, verb in ((first, "cancel"), (second, "reject")):
        asked = visitor.get(f"/admin/jobs/{job}/{verb}").words
        done = visitor.press(f"/admin/jobs/{job}/{verb}").words
        for words in (asked, done):
            assert "ts source has no callback, so billing learns this only if it asks" in words
            assert "a callback tells billing" not in words.lower()


def test_suspensions_that_were_stopped_are_shown_and_accepted_again(
    full: Scene, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "2,000 suspensions within an hour, of 4,000 mailboxes (safety.max_suspended_share = 0.5)"
    brake.stop(full.service.database, "shop", "main", brake.TooMany(why, None))
    words = visitor.get("/admin/").words
    assert (
        f"Not running normally: Source shop sent {why}; its further suspensions are refused."
        in words
    )
    assert "suspensions refused" in words and "Accept suspensions" in words
    assert why in visitor.get("/admin/resume/source/shop").words
    visitor.press("/admin/resume/source/shop")
    assert why not in visitor.get("/admin/").words
    assert last(full)[:3] == (WHO, "resume", "source shop")


def test_a_receiver_that_does_not_answer_is_shown_where_its_callbacks_are(
    full: Scene, visitor: Visitor
) -> None:
    full.receiver.answers = [None] * 7
    full.hook("suspend", address="nobody@example.com", service_id="99")
    full.work()
    full.call_back(300)
    words = visitor.get("/admin/").words
    assert "The receiver of shop has not answered" in words and "its callbacks wait" in words
    assert "pending waiting for: receiver" in visitor.get("/admin/callbacks?status=pending").words
    row = next(row for row in full.service.lookup.page("callbacks", 10, status="pending")[0])
    assert "The receiver does not answer" in visitor.get(f"/admin/callbacks/{row['id']}").words


def test_who_only_looks_sees_no_button_and_is_refused_each_action(
    full: Scene, ids: dict[str, str]
) -> None:
    looker = Visitor(full)
    looker.sign_in(acts=False)
    before, allowed = state(full), {"/admin/sign-out"}
    for path in ("/admin/", f"/admin/jobs/{ids['held']}", f"/admin/callbacks/{ids['exhausted']}", "/admin/hooks/shop/msg_held",
                 "/admin/mailboxes", "/admin/mailboxes/amy@example.com"):  # fmt: skip
        page = looker.get(path)
        assert {
            each.get("action") for each in page.all("form") if each.get("method") == "post"
        } == allowed, path
        assert not [link for link in page.links() if re.search(DEEDS, link)]
    token = looker.get("/admin/").form("/admin/sign-out")["csrf"]
    for path in acts(ids):
        assert "You are signed in read-only" in looker.get(path, 403).words
        assert looker.post(path, {"csrf": token}).status_code == 403
    assert state(full) == before


REFUSED: list[tuple[str, dict[str, str], dict[str, str]]] = [
    ("no token", {"csrf": ""}, {}),
    ("a made-up token", {"csrf": "WyJ4IiwxXQ.x"}, {}),
    ("another site", {}, {"Sec_Fetch_Site": "cross-site", "Origin": "https://example.net"}),
    ("another site that hides", {}, {"Sec_Fetch_Site": "cross-site", "Origin": ""}),
    ("another origin", {}, {"Sec_Fetch_Site": "", "Origin": "https://example.net"}),
    (
        "another host of the same site",
        {},
        {"Sec_Fetch_Site": "same-site", "Origin": "https://shop.example.com"},
    ),
    ("no origin that could be named", {}, {"Sec_Fetch_Site": "", "Origin": "null"}),
    ("nothing said of where it comes from", {}, {"Sec_Fetch_Site": "", "Origin": ""}),
]


def test_no_form_but_our_own_does_anything(
    full: Scene, visitor: Visitor, ids: dict[str, str]
) -> None:
    token = visitor.get("/admin/").form("/admin/sign-out")["csrf"]
    stranger = Visitor(full)
    stranger.sign_in()
    foreign = stranger.get("/admin/").form("/admin/sign-out")["csrf"]
    before = state(full)
    cases = [*REFUSED, ("another session's token", {"csrf": foreign}, {})]
    for path in acts(ids):
        for what, data, headers in cases:
            assert visitor.post(path, {"csrf": token} | data, **headers).status_code == 403, (
                path,
                what,
            )
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
    answer = visitor.post(
        "/admin/sign-in",
        visitor.first_form() | {"code": visitor.code()},
        Origin="http://bridge.example.com",
    )
    assert answer.status_code == 303


def test_only_so_many_pages_ask_enom_at_a_time(
    full: Scene, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that hooks always find a thread that is free."""
    path, answers = "/admin/hooks/shop/msg_held/replay", list[tuple[int, bool]]()
    ask = type(full.service.replay).recorded

    def meanwhile(replay: Any, hook: str, source: str | None = None) -> Any:
        other = Visitor(full)
        other.sign_in()
        answer = other.raw(path)
        answers.append(
            (answer.status_code, "Too many pages are querying the mail provider" in answer.text)
        )
        return ask(replay, hook, source)

    monkeypatch.setattr(type(full.service.replay), "recorded", meanwhile)
    assert visitor.raw(path).status_code == 200
    assert answers == [(503, True)]  # of four threads one; the first page itself goes on
