"""Who gets into the pages, how often one may try, and what ends it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.security import generate_password_hash

from bridge.infra.crypto import Sealer
from bridge.store import SignIns
from bridge.store.admin.sign_ins import MOST_FROM_ONE, MOST_IN_ALL, REFUSED, WINDOW
from bridge.store.base import tables
from bridge.web.admin import sign_in_code
from tests.support.admin import WHO, Visitor
from tests.support.scene import Open, Scene

PASSWORD, VIEWING = "Correct-Horse.1", "Only-Looking.22"
CHEAP = "pbkdf2:sha256:1"
HASHES = {
    "admin__password_hash": generate_password_hash(PASSWORD, CHEAP),
    "admin__view_password_hash": generate_password_hash(VIEWING, CHEAP),
}
PROXY = {
    "admin__user_header": "X-Forwarded-User",
    "admin__user_admins": ["jane"],
    "bridge__trusted_proxies": ["127.0.0.1"],
}
both = pytest.mark.parametrize("store", ["sqlite", "postgres"])


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(
        "bridge.web.admin.passwords.nobodys", lambda: HASHES["admin__password_hash"]
    )
    yield


@pytest.fixture
def locked(open_scene: Open) -> Scene:
    return open_scene(**HASHES)


def trail(scene: Scene, action: str = "sign-in") -> list[tuple[str, str | None]]:
    rows, _ = scene.service.lookup.page("audit", None, action=action)
    return [(row["who"], row["detail"]) for row in rows]


@both
def test_a_link_of_the_command_line_signs_in_once(scene: Scene) -> None:
    visitor, code = Visitor(scene), Visitor(scene).code()
    assert visitor.sign_in(code=code).status_code == 303
    assert WHO in visitor.get("/admin/").words
    other = Visitor(scene)
    answer = other.sign_in(code=code)
    assert (answer.status_code, "used before" in answer.text) == (403, True)
    assert other.raw("/admin/").status_code == 303
    assert trail(scene) == [(WHO, None)]
    assert trail(scene, REFUSED) == [("client 127.0.0.1", "used code")]


def test_a_link_ends_with_its_time_and_is_of_our_keys_only(scene: Scene) -> None:
    visitor = Visitor(scene)
    late = visitor.code(minutes=-0.1)
    foreign = sign_in_code.make(Sealer([b"x" * 32]), WHO, True, scene.clock.now + 60)
    forged = visitor.code()[:-2] + "xx"
    for code in (late, foreign, forged, "nonsense", "é\0"):
        assert visitor.sign_in(code=code).status_code == 403, code


def test_a_link_of_an_older_key_still_works_after_a_rotation(open_scene: Open) -> None:
    first = open_scene()
    code = Visitor(first).code()
    keys = [
        first.service.settings.bridge.keys[0].reveal(),
        "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=",
    ]
    rotated = open_scene(bridge__keys=keys)
    visitor = Visitor(rotated)
    assert visitor.sign_in(code=code).status_code == 303
    visitor.get("/admin/")


def test_a_session_survives_a_new_key_and_ends_when_its_own_is_gone(open_scene: Open) -> None:
    first, newer = open_scene(), "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    visitor = Visitor(first)
    visitor.sign_in()
    cookie = visitor.client.get_cookie("enom_bridge_admin", path="/admin")
    assert cookie is not None
    for keys, status in (
        ([first.service.settings.bridge.keys[0].reveal(), newer], 200),
        ([newer], 303),
    ):
        other = Visitor(open_scene(bridge__keys=keys))
        other.client.set_cookie("enom_bridge_admin", cookie.value, path="/admin")
        assert other.raw("/admin/").status_code == status


def test_a_password_signs_in_under_the_name_that_was_given(locked: Scene) -> None:
    visitor = Visitor(locked)
    answer = visitor.sign_in(password=PASSWORD, name="Jane\t", next="/admin/jobs?status=held")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/jobs?status=held")
    assert "Jane (password)" in visitor.get("/admin/").words
    assert trail(locked) == [("Jane (password)", None)]


def test_the_other_password_only_looks(locked: Scene) -> None:
    visitor = Visitor(locked)
    visitor.sign_in(password=VIEWING)
    assert "viewer (password), read-only" in visitor.get("/admin/").words


def test_without_a_password_in_the_configuration_none_is_asked_for_and_none_fits(
    scene: Scene,
) -> None:
    visitor = Visitor(scene)
    assert visitor.get("/admin/sign-in").all("input", type="password") == []
    assert visitor.sign_in(password="nobody's").status_code == 403
    assert visitor.sign_in(password=PASSWORD).status_code == 403


def test_every_hash_is_tried_for_a_wrong_password_as_for_a_right_one(
    locked: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def check(kept: str, password: str) -> bool:
        tried.append(kept)
        return password == PASSWORD and kept == HASHES["admin__password_hash"]

    monkeypatch.setattr("bridge.web.admin.passwords.check_password_hash", check)
    for password in (PASSWORD, "wrong"):
        tried.clear()
        Visitor(locked).sign_in(password=password)
        assert tried == list(HASHES.values())


@both
def test_five_wrong_tries_of_one_client_are_the_end_for_a_quarter_of_an_hour(
    locked_on: Scene,
) -> None:
    scene, visitor = locked_on, Visitor(locked_on)
    for _ in range(MOST_FROM_ONE):
        assert visitor.sign_in(password="wrong").status_code == 403
    assert visitor.sign_in(password=PASSWORD).status_code == 429
    assert visitor.sign_in(password="wrong").status_code == 429
    found = trail(scene, REFUSED)
    assert len(found) == MOST_FROM_ONE, "what is not looked at fills no trail"
    assert found[0] == ("client 127.0.0.1", "wrong password; no more attempts for 15 minutes")
    assert visitor.sign_in().status_code == 303, "a code cannot be guessed, so it is let in"
    scene.clock.now += WINDOW + 1
    assert Visitor(scene).sign_in(password=PASSWORD).status_code == 303


@pytest.fixture
def locked_on(store: str, open_scene: Open) -> Scene:
    return open_scene(**HASHES)


def test_many_clients_are_counted_together(open_scene: Open) -> None:
    scene = open_scene(**HASHES, bridge__trusted_proxies=["127.0.0.1"])
    for number in range(MOST_IN_ALL):
        visitor = Visitor(scene)
        answer = visitor.post(
            "/admin/sign-in",
            visitor.first_form() | {"password": "no"},
            X_Forwarded_For=f"192.0.2.{number}",
        )
        assert answer.status_code == 403
    assert Visitor(scene).sign_in(password=PASSWORD).status_code == 429


def test_the_addresses_of_one_network_of_ipv6_are_one_client(open_scene: Open) -> None:
    scene = open_scene(**HASHES, bridge__trusted_proxies=["127.0.0.1"])
    for number in range(MOST_FROM_ONE + 1):
        visitor, wrong = Visitor(scene), {"password": "no"}
        answer = visitor.post(
            "/admin/sign-in", visitor.first_form() | wrong, X_Forwarded_For=f"2001:db8::{number}"
        )
        assert answer.status_code == (403 if number < MOST_FROM_ONE else 429)


@both
def test_a_try_counts_before_it_is_looked_at(database_url: str, scene: Scene) -> None:
    tries = SignIns(scene.service.database)
    begun = [tries.begin("192.0.2.1") for _ in range(MOST_FROM_ONE + 2)]
    assert [each.id is None for each in begun] == [False] * MOST_FROM_ONE + [True, True]
    tries.succeeded(begun[0])
    assert tries.begin("192.0.2.1").id is not None
    with scene.service.database.read() as tx:
        assert (
            tx.scalar(sa.select(sa.func.count()).select_from(tables.sign_in_failures))
            == MOST_FROM_ONE
        )


@pytest.mark.parametrize("step, status", [(1799, 200), (1801, 303)])
def test_a_session_ends_when_nobody_was_there_for_half_an_hour(
    scene: Scene, step: int, status: int
) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    scene.clock.now += step
    assert visitor.raw("/admin/").status_code == status


def test_a_page_that_updates_itself_does_not_keep_a_session_alive(scene: Scene) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    polling = {"HX_Request": "true", "HX_Target": "live", "HX_Trigger": "live"}
    scene.clock.now += 1700
    assert visitor.raw("/admin/", **polling).status_code == 200
    scene.clock.now += 200
    answer = visitor.raw("/admin/", **polling)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (401, "true")


def test_a_session_ends_after_eight_hours_however_busy(scene: Scene) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    for _ in range(16):
        scene.clock.now += 1790
        assert visitor.raw("/admin/").status_code == 200
    scene.clock.now += 8 * 3600 - 16 * 1790 + 1
    assert visitor.raw("/admin/").status_code == 303


def test_a_changed_password_ends_every_session(open_scene: Open) -> None:
    visitor = Visitor(open_scene(**HASHES))
    visitor.sign_in(password=VIEWING)
    cookie = visitor.client.get_cookie("enom_bridge_admin", path="/admin")
    assert cookie is not None
    other = Visitor(
        open_scene(
            **HASHES | {"admin__password_hash": generate_password_hash("Another-One.3", CHEAP)}
        )
    )
    other.client.set_cookie("enom_bridge_admin", cookie.value, path="/admin")
    assert other.raw("/admin/").status_code == 303


@both
def test_signing_out_ends_the_session_also_for_whoever_copied_its_cookie(scene: Scene) -> None:
    visitor, thief = Visitor(scene), Visitor(scene)
    visitor.sign_in()
    cookie = visitor.client.get_cookie("enom_bridge_admin", path="/admin")
    assert cookie is not None
    thief.client.set_cookie("enom_bridge_admin", cookie.value, path="/admin")
    assert thief.raw("/admin/").status_code == 200
    page = visitor.press_out()
    assert "You are signed out." in page.words
    for each in (visitor, thief):
        assert each.raw("/admin/").status_code == 303
    assert trail(scene, "sign-out") == [(WHO, None)]


@pytest.mark.parametrize("forged", ["", "x", "e30.x", "WyI.x", '{"who":"me"}', "é", "." * 50])
def test_a_forged_cookie_is_nobody(scene: Scene, forged: str) -> None:
    visitor = Visitor(scene)
    visitor.client.set_cookie("enom_bridge_admin", forged, path="/admin")
    assert visitor.raw("/admin/").status_code == 303


def test_a_form_token_or_a_link_is_no_session(scene: Scene) -> None:
    visitor = Visitor(scene)
    form = visitor.get("/admin/sign-in").form("/admin/sign-in")
    for value in (form["csrf"], visitor.code()):
        visitor.client.set_cookie("enom_bridge_admin", value, path="/admin")
        assert visitor.raw("/admin/").status_code == 303


@pytest.mark.parametrize("url, secure", [("http://localhost", False), ("https://localhost", True)])
def test_the_cookies_are_for_the_pages_only_and_for_tls_where_there_is_some(
    open_scene: Open, url: str, secure: bool
) -> None:
    visitor = Visitor(open_scene(bridge__public_url=url))
    form = visitor.client.get("/admin/sign-in", base_url=url)
    token = re.search(r'name="csrf" value="([^"]+)"', form.text)
    assert token
    filled = {"csrf": token[1], "code": visitor.code()}
    answer = visitor.client.post(
        "/admin/sign-in", data=filled, base_url=url, headers={"Origin": url}
    )
    assert answer.status_code == 303
    for cookie in form.headers.getlist("Set-Cookie") + answer.headers.getlist("Set-Cookie"):
        flags = set(cookie.split("; "))
        assert {"HttpOnly", "Path=/admin", "SameSite=Strict"} <= flags
        assert ("Secure" in flags) is secure


def test_what_is_gone_to_after_signing_in_is_a_page_of_ours(scene: Scene) -> None:
    for wanted, place in (
        ("/admin/jobs?status=held", "/admin/jobs?status=held"),
        ("https://example.net/admin/", "/admin/"),
        ("//example.net/admin/", "/admin/"),
        ("/admin/\\example.net", "/admin/"),
        ("/hooks/shop", "/admin/"),
    ):
        visitor = Visitor(scene)
        assert visitor.sign_in(code=visitor.code(), next=wanted).headers["Location"] == place


def test_who_is_not_signed_in_is_led_to_the_form_and_back(scene: Scene) -> None:
    visitor = Visitor(scene)
    answer = visitor.raw("/admin/jobs?status=held&source=shop")
    assert answer.status_code == 303
    assert (
        answer.headers["Location"]
        == "/admin/sign-in?next=/admin/jobs%3Fstatus%3Dheld%26source%3Dshop"
    )
    form = visitor.get(answer.headers["Location"]).form("/admin/sign-in")
    assert form["next"] == "/admin/jobs?status=held&source=shop"


def test_a_query_that_is_no_text_leads_to_the_form_as_well(scene: Scene) -> None:
    answer = scene.client.get("/admin/jobs", environ_overrides={"QUERY_STRING": "a=\xff&\xfe"})
    assert answer.status_code in (303, 404)


def test_a_link_from_another_site_meets_a_form_that_says_how_to_go_on(scene: Scene) -> None:
    page = Visitor(scene).get("/admin/sign-in?next=/admin/jobs", Sec_Fetch_Site="cross-site")
    assert "/admin/jobs" in page.links()


def test_a_trusted_proxy_names_who_it_is_and_the_configuration_who_may_act(
    open_scene: Open,
) -> None:
    scene = open_scene(**PROXY)
    for name, role in (("jane", "jane (proxy)"), ("joe", "joe (proxy), read-only")):
        assert role in Visitor(scene).get("/admin/", X_Forwarded_User=name).words
    for name in ("", "jane, joe", "jane,joe", "x" * 101):
        assert Visitor(scene).raw("/admin/", X_Forwarded_User=name).status_code == 303


def test_the_header_counts_from_trusted_proxies_only(open_scene: Open) -> None:
    scene = open_scene(**PROXY | {"bridge__trusted_proxies": ["192.0.2.1"]})
    assert Visitor(scene).raw("/admin/", X_Forwarded_User="jane").status_code == 303


@pytest.mark.parametrize(
    ("peer", "status"), [("::ffff:127.0.0.1", 200), ("::ffff:192.0.2.1", 303), ("", 303)]
)
def test_a_proxy_that_comes_by_a_socket_for_both_is_the_same_proxy(
    open_scene: Open, peer: str, status: int
) -> None:
    client = open_scene(**PROXY).app.test_client()
    answer = client.get(
        "/admin/", headers={"X-Forwarded-User": "jane"}, environ_overrides={"REMOTE_ADDR": peer}
    )
    assert answer.status_code == status


def test_however_a_proxy_writes_an_address_its_tries_are_counted_together(open_scene: Open) -> None:
    scene = open_scene(**HASHES, bridge__trusted_proxies=["127.0.0.1"])
    for number in range(MOST_FROM_ONE + 1):
        visitor, wrong = Visitor(scene), {"password": "no"}
        written = ("192.0.2.7", f"192.0.2.7:{number}", "::ffff:192.0.2.7")[number % 3]
        answer = visitor.post(
            "/admin/sign-in", visitor.first_form() | wrong, X_Forwarded_For=written
        )
        assert answer.status_code == (403 if number < MOST_FROM_ONE else 429)


def test_without_the_setting_the_header_is_nothing(open_scene: Open) -> None:
    scene = open_scene(bridge__trusted_proxies=["127.0.0.1"])
    assert Visitor(scene).raw("/admin/", X_Forwarded_User="jane").status_code == 303


def test_the_code_stands_behind_the_hash_so_that_no_proxy_sees_it(scene: Scene) -> None:
    """The form is the same without it: it is filled in by a file of ours, or pasted."""
    page: Any = Visitor(scene).get("/admin/sign-in")
    assert page.all("input", id="code") and not re.search(r"<script(?![^>]* src=)", page.text)
