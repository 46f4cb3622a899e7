"""Notes to the admin: as a signed webhook, as a mail, and tried again when nobody took them."""

import socket
import threading
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any, ClassVar

import pytest
from standardwebhooks import Webhook

from bridge.domain.ports import Note
from bridge.infra.http_client import HttpClient, NotSent, Reply
from bridge.pipeline import alerts
from bridge.pipeline.alerts import Alerts, title
from tests.support.bench import START

KEY = b"a note's key of thirty-two bytes"
HELD = Note(1, "job:job_1", False, "mailbox.terminate of john@example.com is held.", 1)
OVER = Note(2, "account:main", True, "Account main works again; its jobs go on.", 1)


class Book:
    def __init__(self, *notes: Note) -> None:
        self.notes = notes
        self.sent: list[tuple[list[int], bool]] = []

    def due_notes(self, gather: bool = False) -> Sequence[Note]:
        self.gather = gather
        return self.notes

    def notes_sent(self, notes: Sequence[Note], ok: bool) -> None:
        self.sent.append(([note.id for note in notes], ok))


class Net:
    def __init__(self, status: int | None = 200) -> None:
        self.status = status
        self.posted: list[tuple[str, bytes, Mapping[str, str]]] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str], **_: Any) -> Reply:
        self.posted.append((url, body, headers))
        if self.status is None:
            raise NotSent("refused (chat.example.com)")
        return Reply(self.status, {}, b"")


class Smtp:
    """As much of a session as notes use."""

    said: ClassVar[list[Any]] = []
    offers: ClassVar[set[str]] = {"starttls"}

    def __init__(self, host: str, port: int) -> None:
        self.said.append((host, port))

    def __enter__(self) -> "Smtp":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ehlo(self) -> None:
        pass

    def has_extn(self, name: str) -> bool:
        return name in self.offers

    def starttls(self, context: Any) -> None:
        assert context.check_hostname
        self.said.append("starttls")

    def login(self, user: str, password: str) -> None:
        self.said.append((user, password))

    def send_message(self, mail: EmailMessage) -> None:
        self.said.append(mail)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(alerts, "Session", Smtp)
    monkeypatch.setattr(Smtp, "said", [])
    monkeypatch.setattr(Smtp, "offers", {"starttls"})
    return Smtp.said


def send(
    book: Book,
    notify: str,
    net: Any = None,
    smtp: str = "smtp://bridge%40example.com@mail.example.com",
) -> Book:
    Alerts(
        book, notify, smtp, "Smtp-Secret.1", KEY, net or HttpClient(), START.timestamp
    ).send_due()
    return book


def test_a_webhook_tells_all_that_is_due_signed_and_at_once() -> None:
    net = Net()
    assert send(Book(HELD, OVER), "https://chat.example.com/hook", net).sent == [([1, 2], True)]
    ((url, body, headers),) = net.posted
    assert url == "https://chat.example.com/hook"
    assert headers["webhook-signature"] == Webhook(KEY).sign(
        headers["webhook-id"], START, body.decode()
    )
    assert b"john@example.com is held" in body


@pytest.mark.parametrize("status", [None, 302, 500])
def test_what_nobody_took_is_tried_again(status: int | None) -> None:
    assert send(Book(HELD), "https://chat.example.com/hook", Net(status)).sent == [([1], False)]


def test_a_mail_goes_over_tls_with_the_servers_certificate_checked(said: list[Any]) -> None:
    assert send(Book(HELD), "mailto:admin@example.com").sent == [([1], True)]
    server, tls, login, mail = said
    assert (server, tls, login) == (
        ("mail.example.com", 587),
        "starttls",
        ("bridge@example.com", "Smtp-Secret.1"),
    )
    assert (mail["To"], mail["From"]) == ("admin@example.com", "bridge@example.com")
    assert mail["Subject"] == "[enom-bridge] Action needed: job:job_1"
    assert "john@example.com is held" in mail.get_content()


def test_the_servers_password_is_never_sent_in_clear(
    said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Smtp, "offers", set())
    assert send(Book(HELD), "mailto:admin@example.com").sent == [([1], False)]
    assert said == [("mail.example.com", 587)]


def test_without_a_password_a_relay_next_door_will_do(
    said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Smtp, "offers", set())
    assert send(Book(OVER), "mailto:admin@example.com", smtp="smtp://127.0.0.1:2525").sent == [
        ([2], True)
    ]
    assert said[0] == ("127.0.0.1", 2525)
    assert (said[1]["From"], said[1]["Subject"]) == (
        "admin@example.com",
        "[enom-bridge] Resolved: account:main",
    )


def test_without_an_address_the_log_is_enough() -> None:
    assert send(Book(HELD), "").sent == [([1], True)]


def test_nothing_due_is_nothing_sent() -> None:
    net = Net()
    assert send(Book(), "https://chat.example.com/hook", net).sent == []
    assert net.posted == []


def test_the_subject_counts_what_needs_a_person() -> None:
    assert title([HELD, OVER, HELD]) == "2 need action, 1 resolved"


def test_a_mail_server_that_drips_is_left_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of its bytes is in time; without a deadline for the whole it would keep us for hours."""
    monkeypatch.setattr(alerts, "WHOLE_MAIL", 0.3)
    left = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with server.accept()[0] as caller:
                try:
                    while not left.wait(0.02):
                        caller.sendall(b"2")
                except OSError:
                    left.set()

        thread = threading.Thread(target=drip)
        thread.start()
        book = send(
            Book(OVER),
            "mailto:admin@example.com",
            smtp=f"smtp://127.0.0.1:{server.getsockname()[1]}",
        )
        thread.join(10)
        assert left.is_set(), "the server was left"
        assert book.sent == [([2], False)]
