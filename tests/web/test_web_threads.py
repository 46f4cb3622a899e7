"""What may take a thread for long: each kind so many, all together three quarters, and a hook
always finds one."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from bridge.config import HostPort
from bridge.domain.errors import Busy
from bridge.maildns.expected import ExpectedDns
from bridge.maildns.resolver import Resolver
from bridge.pipeline.queries import FROM_THE_RECORD, QUESTIONS
from bridge.web import create_app
from bridge.web.server import Server
from bridge.web.thread_limits import BUSY_TEXTS, SHARES, ThreadLimits, Use
from tests.support.admin import Visitor
from tests.support.scene import PASSWORD, Open, Scene
from tests.web.test_web_server import post

HERE = {"service_id": "7", "address": "john.doe@example.com"}


class Slow:
    """Enom answers nothing until `end`."""

    def __init__(self, real: Callable[..., Any]) -> None:
        self.real = real
        self.asked, self.end = threading.Semaphore(0), threading.Event()

    def __call__(self, *given: Any, **more: Any) -> Any:
        self.asked.release()
        assert self.end.wait(60)
        return self.real(*given, **more)


class Others:
    """Other threads, which take what they are told to until the end."""

    def __init__(self, threads: ThreadLimits) -> None:
        self.threads, self.end, self.mine = threads, threading.Event(), list[threading.Thread]()

    def __enter__(self) -> "Others":
        return self

    def __exit__(self, *_: object) -> None:
        self.end.set()
        for thread in self.mine:
            thread.join(20)

    def take(self, *uses: Use) -> bool:
        """One more of them takes these, one within the other.

        False: it was told that there are too many.
        """
        settled, refused = threading.Event(), list[Busy]()

        def hold() -> None:
            try:
                with ExitStack() as held:
                    for use in uses:
                        held.enter_context(self.threads.slot(use))
                    settled.set()
                    self.end.wait(60)
            except Busy as busy:
                refused.append(busy)
                settled.set()

        self.mine.append(threading.Thread(target=hold))
        self.mine[-1].start()
        assert settled.wait(20)
        return not refused


@pytest.fixture
def mailbox(open_scene: Open) -> Scene:
    scene = open_scene(account__max_in_flight=20)
    scene.do("create", password=PASSWORD)
    return scene


def ask(scene: Scene, server: Server, type: str, **data: Any) -> tuple[int, str, bytes]:
    body = scene.body(type, **data)
    return post(server, body, scene.sign(body), "/query/shop")


def test_a_hook_is_taken_while_queries_wait_for_enom(
    mailbox: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = mailbox.service.accounts["main"].backend
    slow = Slow(backend.observe)
    monkeypatch.setattr(backend, "observe", slow)
    server = Server(mailbox.app, HostPort("127.0.0.1", 0), None, threads=4)
    server.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(ask, mailbox, server, "mailbox.status", **HERE) for _ in range(4)]
            assert slow.asked.acquire(timeout=20) and slow.asked.acquire(timeout=20)
            body = mailbox.body("mailbox.suspend", **HERE)
            taken = pool.submit(post, server, body, mailbox.sign(body)).result(20)
            listed = pool.submit(ask, mailbox, server, "mailbox.list").result(20)
            slow.end.set()
            statuses = sorted(each.result(60)[0] for each in asked)
    finally:
        slow.end.set()
        server.stop()
    assert (taken[0], listed[0]) == (202, 200)
    assert statuses == [200, 200, 429, 429]


def test_what_is_too_many_is_told_when_to_come_again(mailbox: Scene) -> None:
    with Others(mailbox.app.extensions["web"].threads) as others:
        assert others.take(Use.ASK) and others.take(Use.ASK)
        answer = mailbox.ask("mailbox.usage", **HERE)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
        assert (answer.json or {})["detail"] == BUSY_TEXTS[Use.ASK]
        for type in FROM_THE_RECORD - {"job"}:
            assert mailbox.ask(type, **HERE).status_code == 200
    assert mailbox.ask("mailbox.usage", **HERE).status_code == 200


@pytest.mark.parametrize("type", QUESTIONS)
def test_what_is_answered_from_the_record_asks_nobody(
    mailbox: Scene, monkeypatch: pytest.MonkeyPatch, type: str
) -> None:
    """A question that asks somebody, and is not among those that are counted, is found here."""
    outside: list[str] = []
    backend = mailbox.service.accounts["main"].backend
    for name in ("observe", "usage", "sign_in", "probe"):
        monkeypatch.setattr(backend, name, noting(name, getattr(backend, name), outside))
    mail_dns = mailbox.service.mail_dns
    monkeypatch.setattr(mail_dns, "wanted", {"main": ExpectedDns(("hostedemail.com",))})
    silent = Resolver(("127.0.0.1", 9), seconds=0.1)
    for name in ("mail_of", "replies"):
        monkeypatch.setattr(silent, name, noting(name, getattr(silent, name), outside))
    monkeypatch.setattr(mail_dns, "resolver", silent)
    data = {
        "mailbox.list": {},
        "service.mailboxes": {"service_id": "7"},
        "results": {},
        "connection.test": {},
        "job": {"job": mailbox.hook("suspend")["job"]},
        "domain.readiness": {"domain": "example.com"},
    }
    assert mailbox.ask(type, **data.get(type, HERE)).status_code == 200
    assert bool(outside) == (type not in FROM_THE_RECORD)


def noting(name: str, real: Callable[..., Any], into: list[str]) -> Callable[..., Any]:
    def noted(*given: Any, **more: Any) -> Any:
        into.append(name)
        return real(*given, **more)

    return noted


MOST = {Use.WAIT: 8, Use.ASK: 8, Use.ASK_FOR_PAGE: 2, Use.PAGE: 8, Use.SIGN_IN: 4}


@pytest.mark.parametrize("use", Use)
def test_each_kind_takes_so_many_of_sixteen_and_gives_them_back(use: Use) -> None:
    threads = ThreadLimits(16)
    for _ in range(2):
        with Others(threads) as others:
            assert [others.take(use) for _ in range(MOST[use] + 2)] == [True] * MOST[use] + [
                False
            ] * 2


def test_a_quarter_is_left_whatever_is_asked_for() -> None:
    with Others(ThreadLimits(16)) as others:
        assert (
            sum(others.take(use) for use in [Use.WAIT] * 8 + [Use.ASK] * 8 + [Use.PAGE] * 8) == 12
        )


def test_one_thread_is_counted_once_whatever_it_does() -> None:
    """A page that asks Enom is a page, an asking page and one that asks, and takes one thread."""
    with Others(ThreadLimits(16)) as others:
        assert [others.take(Use.PAGE, Use.ASK_FOR_PAGE, Use.ASK) for _ in range(3)] == [
            True,
            True,
            False,
        ]
        assert [others.take(Use.WAIT) for _ in range(8)] == [True] * 8
        assert [others.take(Use.PAGE) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("use", "most"), [(Use.PAGE, 2), (Use.SIGN_IN, 1)])
def test_pages_and_sign_ins_that_are_too_many_are_told_when_to_come_again(
    scene: Scene, use: Use, most: int
) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    with Others(scene.app.extensions["web"].threads) as others:
        assert all([others.take(use) for _ in range(most)])
        answer = visitor.raw("/admin/jobs") if use is Use.PAGE else Visitor(scene).sign_in()
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "3")
        assert BUSY_TEXTS[use] in answer.text
        assert Visitor(scene).raw("/admin/sign-in").status_code == 200
    assert visitor.raw("/admin/jobs").status_code == 200
    assert Visitor(scene).sign_in().status_code == 303


def test_a_page_gives_its_place_back_whatever_becomes_of_it(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(scene)
    visitor.sign_in()
    monkeypatch.setattr(scene.service.lookup, "find", lambda _: 1 / 0)
    assert [visitor.raw("/admin/search?q=x").status_code for _ in range(5)] == [500] * 5
    assert visitor.raw("/admin/jobs").status_code == 200


def test_every_kind_has_its_share_and_its_words() -> None:
    assert set(SHARES) == set(BUSY_TEXTS) == set(Use)


def test_a_changed_configuration_does_not_count_from_the_beginning(scene: Scene) -> None:
    after = create_app(scene.service, threads=4, before=scene.app)
    for name in ("threads", "refusals"):
        assert getattr(after.extensions["web"], name) is getattr(scene.app.extensions["web"], name)
