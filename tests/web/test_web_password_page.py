"""The one-time link for the first password: who gets it, what it does once, and what attacks on it
lead to."""

import dataclasses
import hashlib
import html
import json
import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from werkzeug.test import TestResponse

from bridge.cli import main
from bridge.domain.errors import StoreUnavailable
from bridge.domain.jobs import Status
from bridge.store.base import tables
from bridge.web import password_page
from bridge.web.password_words import WORDS
from tests.support.subs import JOHN, LINK, OpenSubs, Subs

GOOD = "Made-Up.Pass-77"
OTHER = "Another-One.88"
HOUR = 3600.0


@pytest.fixture(autouse=True)
def nobody_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_page, "wrong_links", password_page.WrongLinks())


@pytest.fixture
def linked(open_subs: OpenSubs) -> Subs:
    """A mailbox that awaits its first password. Nobody waits for jobs here: the test works."""
    subs = open_subs(bridge__wait_limit=0)
    subs.active()
    return subs


def post(subs: Subs, path: str, password: str = GOOD, again: str | None = None) -> TestResponse:
    form = {"password": password, "again": password if again is None else again}
    return subs.scene.client.post(path, data=form)


def password(subs: Subs) -> str:
    return str((subs.scene.mailbox() or {})["password"])


def text(answer: TestResponse) -> str:
    return " ".join(re.sub("<style.*?</style>|<[^>]+>", " ", answer.text, flags=re.DOTALL).split())


# Who gets it


def test_the_callback_of_a_new_mailbox_brings_a_link_that_sets_a_password_once(
    linked: Subs,
) -> None:
    data = linked.receiver.received[0]["data"]
    assert data["first_password"] is True and LINK.fullmatch(data["password_link"])
    before = password(linked)
    path = linked.link()
    opened = linked.scene.client.get(path)
    assert opened.status_code == 200 and JOHN in text(opened)
    assert post(linked, path).status_code == 202
    linked.scene.work(60)
    assert password(linked) == GOOD != before
    assert post(linked, path, OTHER).status_code == 404
    assert linked.scene.client.get(path).status_code == 404
    linked.scene.work(60)
    assert password(linked) == GOOD
    assert linked.jobs()[-1]["action"] == "mailbox.change_password"


def test_a_mailbox_that_was_there_brings_none(linked: Subs) -> None:
    linked.stripe.change("sub_1", status="unpaid")
    linked.settle()
    linked.stripe.change("sub_1", status="active")
    linked.settle()
    assert [("password_link" in each["data"]) for each in linked.receiver.received] == [
        True,
        False,
        False,
    ]


def test_the_link_is_in_the_callback_and_nowhere_else(
    linked: Subs, capsys: pytest.CaptureFixture[str]
) -> None:
    token = linked.link().removeprefix("/password/")
    linked.scene.client.get(linked.link())
    linked.scene.client.get(linked.link() + "x")
    post(linked, linked.link())
    linked.settle()
    stored = json.dumps(
        [linked.rows(name) for name in tables.metadata.tables if name != "alembic_version"],
        default=str,
    )
    assert token not in stored
    assert hashlib.sha256(token.encode()).hexdigest() in stored
    assert GOOD not in stored
    out = capsys.readouterr()
    assert token not in out.out + out.err and GOOD not in out.out + out.err
    assert token not in json.dumps(linked.stripe.written)
    found = linked.scene.service.lookup.results("shop", "", 50)[0]
    assert not any("password_link" in receipt.describe() for receipt in found)
    assert found[0].describe()["first_password"] is True


def test_each_try_of_the_callback_brings_a_link_of_its_own_and_one_use_ends_all(
    open_subs: OpenSubs,
) -> None:
    subs = open_subs(bridge__wait_limit=0)
    subs.receiver.answers = [500, 500]
    subs.stripe.subscribe()
    subs.deliver_new()
    subs.scene.work(60)
    subs.scene.call_back(HOUR)
    links = [LINK.fullmatch(each["data"]["password_link"])[1] for each in subs.receiver.received]  # type: ignore[index]  # each is one
    assert len({*links}) == 3
    assert all(subs.scene.client.get(link).status_code == 200 for link in links)
    assert post(subs, links[0]).status_code == 202
    subs.scene.work(60)
    assert [post(subs, link, OTHER).status_code for link in links] == [404, 404, 404]
    assert password(subs) == GOOD


def test_a_callback_that_is_sent_again_later_brings_none_once_a_password_is_set(
    linked: Subs,
) -> None:
    post(linked, linked.link())
    linked.scene.work(60)
    linked.scene.call_back()
    first = linked.rows("callbacks")[0]["id"]
    linked.scene.service.operator.by("test").resend(first)
    linked.scene.call_back()
    again = linked.receiver.received[-1]["data"]
    assert again["first_password"] is True and "password_link" not in again


def test_without_a_callback_an_admin_is_told(open_subs: OpenSubs) -> None:
    subs = open_subs(
        source__callback="", admin__notify="mailto:a@example.com", admin__smtp="smtp://127.0.0.1:25"
    )
    subs.active()
    (note,) = subs.rows("notes")
    assert f"enom-bridge mailboxes password-link {JOHN}" in note["text"]
    assert not subs.rows("password_links")


def test_the_command_prints_a_link(linked: Subs) -> None:
    arguments = ["--config", str(linked.scene.path), "mailboxes", "password-link", JOHN]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    found = LINK.fullmatch(done.stdout.strip())
    with linked.scene.service.database.write() as tx:  # the command has this machine's clock
        later = sa.update(tables.password_links).where(tables.password_links.c.job_id.is_(None))
        tx.execute(later.values(expires_at=linked.scene.clock.now + HOUR))
    assert found and post(linked, found[1]).status_code == 202
    linked.scene.work(60)
    assert password(linked) == GOOD


@pytest.mark.parametrize("address", ["nobody@example.com", "jane.doe@example.com"])
def test_the_command_refuses_what_belongs_to_nobody(linked: Subs, address: str) -> None:
    linked.stripe.subscribe("jane.doe@example.com", "unpaid")
    linked.settle()
    arguments = ["--config", str(linked.scene.path), "mailboxes", "password-link", address]
    assert CliRunner().invoke(main, arguments).exit_code == 1


# Dead links


def test_it_lasts_for_72_hours(linked: Subs) -> None:
    linked.scene.clock.now += 72 * HOUR - 60
    assert linked.scene.client.get(linked.link()).status_code == 200
    linked.scene.clock.now += 120
    assert linked.scene.client.get(linked.link()).status_code == 404
    assert post(linked, linked.link()).status_code == 404


def test_any_change_of_the_password_ends_it(linked: Subs) -> None:
    first = linked.link()
    second = linked.scene.service.first_password.for_address(JOHN, "test")
    post(linked, second[second.index("/password/") :])
    linked.scene.work(60)
    assert post(linked, first, OTHER).status_code == 404
    assert password(linked) == GOOD


def test_a_new_owner_ends_it(linked: Subs) -> None:
    with linked.scene.service.database.write() as tx:
        tx.execute(sa.update(tables.mailboxes).values(service_id="sub_9"))
    assert linked.scene.client.get(linked.link()).status_code == 404


def test_a_mailbox_that_is_gone_has_none(linked: Subs) -> None:
    path = linked.link()
    linked.stripe.cancel("sub_1")
    linked.settle()
    linked.scene.periodic_tasks(14 * 24 * HOUR + 60)
    with linked.scene.service.database.write() as tx:  # as if it were of today
        tx.execute(sa.update(tables.password_links).values(expires_at=2e10))
    linked.scene.work(HOUR)
    assert linked.state() == "absent"
    assert linked.scene.client.get(path).status_code == 404


def test_a_password_that_is_refused_leaves_the_link(
    linked: Subs, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = linked.link()
    assert post(linked, path, "all-lower-case-77").status_code == 202
    linked.scene.work(60)
    job = linked.jobs()[-1]
    assert (job["status"], job["code"]) == ("failed", "password_rejected")
    assert post(linked, path).status_code == 202
    linked.scene.work(60)
    assert password(linked) == GOOD


@pytest.mark.parametrize(
    ("status", "code", "answer", "words"),
    [
        ("succeeded", None, 200, "Your password is set"),
        ("failed", "password_rejected", 422, "did not take this password"),
        ("failed", "conflict", 409, "Ask your provider"),
        ("held", "unclear", 202, "is being set"),
        ("queued", None, 202, "is being set"),
    ],
)
def test_the_page_says_what_became_of_it(
    linked: Subs,
    monkeypatch: pytest.MonkeyPatch,
    status: str,
    code: str | None,
    answer: int,
    words: str,
) -> None:
    receipt = linked.scene.service.lookup.receipt("shop", linked.jobs()[0]["id"])
    found = replace(receipt, status=Status(status), error=code and {"code": code})  # type: ignore[arg-type]  # only its code is read
    monkeypatch.setattr(password_page, "waited_for", lambda used: found)
    page = post(linked, linked.link())
    assert page.status_code == answer and words in text(page)


# Attacks


def test_opening_consumes_nothing_however_often_and_by_whom(linked: Subs) -> None:
    path = linked.link()
    for agent in ("Slackbot 1.0", "Mozilla/5.0 (compatible; bingbot/2.0)", ""):
        for _ in range(3):
            for method in ("get", "head"):
                opened = getattr(linked.scene.client, method)(
                    path, headers={"user-agent": agent, "purpose": "prefetch"}
                )
                assert opened.status_code == 200
    assert post(linked, path).status_code == 202


def test_nothing_of_it_leaves_or_stays(linked: Subs) -> None:
    path = linked.link()
    for answer in (
        linked.scene.client.get(path),
        linked.scene.client.get("/password/" + "A" * 43),
        linked.scene.client.get("/password/x"),
        post(linked, path, "short"),
        post(linked, path, GOOD, OTHER),
        post(linked, path),
    ):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["X-Frame-Options"] == "DENY"
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src" not in policy
        assert "Set-Cookie" not in answer.headers
        assert "<script" not in answer.text and "http" not in re.sub("http-equiv", "", answer.text)
        assert path not in answer.text and GOOD not in answer.text


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("", ""),
        ("short-1A", "short-1A"),
        (GOOD, OTHER),
        ("Has a space.77", "Has a space.77"),
        ('Quote".777777', 'Quote".777777'),
        ("Ümlaut.777777", "Ümlaut.777777"),
        ("x" * 55, "x" * 55),
        ("Line\nBreak.777", "Line\nBreak.777"),
    ],
)
def test_what_is_no_password_consumes_nothing(linked: Subs, first: str, again: str) -> None:
    answer = post(linked, linked.link(), first, again)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    assert len(linked.jobs()) == 1
    assert post(linked, linked.link()).status_code == 202


def test_of_two_posts_one_counts(linked: Subs) -> None:
    path = linked.link()
    assert [post(linked, path, each).status_code for each in (GOOD, OTHER)] == [202, 404]
    linked.scene.work(60)
    assert password(linked) == GOOD


@pytest.mark.parametrize(
    "token",
    ["x", "A" * 42, "A" * 44, "A" * 42 + "%2e", "..%2f..%2fadmin", "%00" + "A" * 42, "'" * 43],
)
def test_what_is_no_token_is_not_found(linked: Subs, token: str) -> None:
    for answer in (
        linked.scene.client.get(f"/password/{token}"),
        post(linked, f"/password/{token}"),
    ):
        assert answer.status_code == 404
        assert JOHN not in answer.text


def test_a_digest_is_no_token(linked: Subs) -> None:
    (row,) = linked.rows("password_links")
    for token in (row["digest"], row["digest"][:43]):
        assert linked.scene.client.get(f"/password/{token}").status_code == 404


def test_whoever_guesses_is_stopped_and_nobody_else(linked: Subs) -> None:
    guesser = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}

    def guess(number: int, **more: Any) -> int:
        path = f"/password/{number:043d}"
        return linked.scene.client.get(path, **more).status_code

    answers = [guess(number, **guesser) for number in range(30)]
    assert answers == [404] * 20 + [429] * 10
    stopped = linked.scene.client.get("/password/" + "A" * 43, **guesser)
    assert stopped.headers["Retry-After"] == "900"
    assert linked.scene.client.get(linked.link()).status_code == 200
    other = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    assert guess(1, **other) == 404
    # Nor does it keep anybody from signing in to the admin pages.
    assert not linked.rows("sign_in_failures")


def test_guessing_from_everywhere_needs_bounded_memory() -> None:
    counts = password_page.WrongLinks()
    for number in range(password_page.MOST_CLIENTS + 50):
        counts.note(f"192.0.2.{number}", float(number) / 1e6)
    assert len(counts._counts) == password_page.MOST_CLIENTS


def test_it_is_counted_anew_after_a_quarter_of_an_hour() -> None:
    counts = password_page.WrongLinks()
    for _ in range(password_page.MOST_WRONG):
        assert not counts.too_many("192.0.2.7", 0.0)
        counts.note("192.0.2.7", 0.0)
    assert counts.too_many("192.0.2.7", 1.0)
    assert not counts.too_many("192.0.2.7", password_page.WINDOW)
    counts.note("192.0.2.7", password_page.WINDOW)
    assert not counts.too_many("192.0.2.7", password_page.WINDOW)


def test_it_is_audited_who_made_and_who_used_it(linked: Subs) -> None:
    post(linked, linked.link())
    made, used = [row for row in linked.rows("audit") if row["action"] == "password-link"]
    assert (made["who"], made["target"]) == ("callback", JOHN)
    assert used["who"].startswith("link, client 127.0.0.1") and used["target"] == JOHN
    assert GOOD not in str([made, used])


def test_while_the_database_is_away_it_says_so_and_consumes_nothing(
    linked: Subs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StoreUnavailable("gone")

    links = linked.scene.service.first_password.links
    with monkeypatch.context() as patched:
        patched.setattr(type(links), "find", away)
        answer = linked.scene.client.get(linked.link())
    assert answer.status_code == 503 and "no-store" in answer.headers["Cache-Control"]
    assert "it still works" in text(answer)


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_no_other_method_does_anything(linked: Subs, method: str) -> None:
    assert getattr(linked.scene.client, method)(linked.link()).status_code == 405
    assert linked.scene.client.get(linked.link()).status_code == 200


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("es-MX", "es"),
        ("fr,es;q=0.4,en;q=0.3", "es"),
        ("fr-CH", "en"),
        ("", "en"),
        ("*", "en"),
        ("de;q=x,,;=", "en"),
    ],
)
def test_it_is_in_the_language_that_the_browser_asks_for(
    linked: Subs, asked: str, language: str
) -> None:
    words, headers = WORDS[language], {"Accept-Language": asked}
    answer = linked.scene.client.get(linked.link(), headers=headers)
    assert f'<html lang="{language}">' in answer.text
    for sentence in (words.title, words.again, words.password.format(shortest=10)):
        assert sentence in html.unescape(answer.text)
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    gone = linked.scene.client.get(f"/password/{'x' * 43}", headers=headers)
    assert words.gone in html.unescape(gone.text)


@pytest.mark.parametrize("language", sorted({*WORDS} - {"en"}))
def test_every_sentence_is_there_in_every_language(language: str) -> None:
    english, other = (dataclasses.asdict(WORDS[each]) for each in ("en", language))
    same = [
        name for name, sentence in english.items() if other[name] == sentence or not other[name]
    ]
    assert same == []
    places = {name: str(text).count("{shortest}") for name, text in english.items()}
    assert {name: str(text).count("{shortest}") for name, text in other.items()} == places
