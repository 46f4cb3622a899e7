"""Sends notes to the admin: by mail, where a bad hour is one mail, or as a signed webhook, as
they come."""

import json
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from bridge.domain.model import to_rfc3339
from bridge.domain.ports import AlertLog, Clock, Note, Summaries
from bridge.infra import logs
from bridge.infra.events import Events
from bridge.infra.http_client import HttpClient, Lost, NotSent
from bridge.reporting.lists import first
from hooks import signing

log = logs.get("notes")

TIMEOUT = 10.0
WHOLE_MAIL = (
    30.0  # seconds for a session with a mail server in all; TIMEOUT is for each of its answers
)
DAY = 86400.0
EXAMPLES = 3  # of one cause; a mail that lists hundreds is not read
COMMANDS = {
    "job": "All held jobs: enom-bridge jobs list --status held",
    "account": "Find the cause: enom-bridge doctor",
    "money": "Find the cause: enom-bridge doctor",
    "mail": "What is wrong, and what to set: enom-bridge mailboxes show ADDRESS",
}


@dataclass
class Alerts:
    """`notify` as in the configuration; empty: notes are written to the log only. `secret` signs
    webhooks.

    `summary_at` is a minute of the day (UTC), or None for no summaries.
    """

    alert_log: AlertLog
    notify: str
    smtp: str
    smtp_password: str | None = field(repr=False)
    secret: bytes = field(repr=False)
    outgoing: HttpClient
    clock: Clock
    events: Events = field(default_factory=Events)
    summaries: Summaries | None = None
    summary_at: int | None = None
    _summarised: float = field(default=-1.0, repr=False)  # the day whose summary was seen to

    def send_due(self) -> None:
        """Sends what is due, as one message; a summary is one of its own."""
        self._summarise()
        due = self.alert_log.due_notes(gather=self.notify.startswith("mailto:"))
        summaries = [note for note in due if note.subject.startswith("summary:")]
        for message in [
            [note for note in due if note not in summaries],
            *([note] for note in summaries),
        ]:
            if message:
                self._send_one(message)

    def _summarise(self) -> None:
        """Asks the store at the start, and once a day when it is time."""
        if self.summaries is None or self.summary_at is None:
            return
        day = (self.clock() - self.summary_at * 60) // DAY
        if day != self._summarised:
            self.summaries.write(self.summary_at)
            self._summarised = day

    def _send_one(self, due: Sequence[Note]) -> None:
        for note in due:
            log.warning("alert", subject=note.subject, cleared=note.cleared, text=note.text)
        try:
            self._send(due)
        except (NotSent, Lost, OSError, smtplib.SMTPException) as error:
            log.error(
                "alerts could not be sent", count=len(due), error=f"{type(error).__name__}: {error}"
            )
            self.alert_log.notes_sent(due, ok=False)
            self.events.report("notes", count=len(due), outcome="failed")
        else:
            self.alert_log.notes_sent(due, ok=True)
            self.events.report("notes", count=len(due), outcome="sent")

    def _send(self, due: Sequence[Note]) -> None:
        if self.notify.startswith("mailto:"):
            self._mail(due)
        elif self.notify:
            self._post(due)

    def _post(self, due: Sequence[Note]) -> None:
        payload = [
            {"subject": note.subject, "cleared": note.cleared, "text": note.text} for note in due
        ]
        body = json.dumps(
            {"type": "notes", "timestamp": to_rfc3339(self.clock()), "data": {"notes": payload}}
        ).encode()
        headers = signing.sign(
            f"notes_{due[0].id}_{due[-1].id}", int(self.clock()), body, self.secret
        )
        headers["content-type"] = "application/json"
        reply = self.outgoing.post(self.notify, body, headers, timeout=TIMEOUT, limit=1 << 16)
        if not 200 <= reply.status < 300:
            raise Lost(f"the receiver of alerts answered HTTP {reply.status}")

    def _mail(self, due: Sequence[Note]) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = ends(self.notify, self.smtp)
        mail["Subject"] = f"[enom-bridge] {title(due)}"
        mail.set_content(due[0].text if len(due) == 1 else "\n\n".join(letter(due)))
        with mail_server(self.smtp, self.smtp_password) as smtp:
            smtp.send_message(mail)


class Session(smtplib.SMTP):
    """A session that is cut at its deadline: a server that drips is never late with an answer."""

    def __init__(self, host: str, port: int) -> None:
        self._deadline = threading.Timer(WHOLE_MAIL, self._cut)
        self._deadline.daemon = True
        self._deadline.start()
        try:
            super().__init__(host, port, timeout=TIMEOUT)
        except BaseException:
            self._deadline.cancel()
            raise

    def close(self) -> None:
        self._deadline.cancel()
        super().close()

    def _cut(self) -> None:
        with suppress(OSError):
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def mail_server(url: str, password: str | None) -> Iterator[smtplib.SMTP]:
    """A session that may send.

    The password goes only over TLS, to a server whose certificate is right.
    """
    server = urlsplit(url)
    user = unquote(server.username or "")
    with Session(server.hostname or "", server.port or 587) as smtp:
        smtp.ehlo()
        private = smtp.has_extn("starttls")
        if private:
            smtp.starttls(context=ssl.create_default_context())
        if user and password is not None:
            if not private:
                raise smtplib.SMTPException(
                    "the server offers no STARTTLS, so the password was not sent to it"
                )
            smtp.login(user, password)
        yield smtp


def ends(notify: str, smtp: str) -> tuple[str, str]:
    """Sender and receiver of a mail. The sender is the SMTP user where that is an address."""
    receiver = unquote(notify.removeprefix("mailto:"))
    user = unquote(urlsplit(smtp).username or "")
    return user if "@" in user else receiver, receiver


def title(due: Sequence[Note]) -> str:
    account_state = [note for note in due if not note.cleared]
    if len(due) == 1:
        if due[0].subject.startswith("summary:"):
            return due[0].text.partition("\n")[0]
        return f"{'Action needed' if account_state else 'Resolved'}: {due[0].subject}"
    return f"{len(account_state)} need action, {len(due) - len(account_state)} resolved"


def letter(due: Sequence[Note]) -> Iterator[str]:
    """Paragraphs: what needs a person, by its cause, the most frequent first; then what is over."""
    newest = {note.subject: note for note in due}
    over = [note for note in newest.values() if note.cleared]
    causes: dict[str, list[Note]] = {}
    for note in newest.values():
        if not note.cleared:
            causes.setdefault(note.about or note.subject, []).append(note)
    for cause, notes in sorted(causes.items(), key=lambda item: -len(item[1])):
        yield f"== {cause}: {len(notes)} need{'s' if len(notes) == 1 else ''} action =="
        yield from first(
            [note.text for note in reversed(notes)], EXAMPLES, "… and {} more like these."
        )
        if command := COMMANDS.get(notes[0].subject.partition(":")[0]):
            yield command
    if over:
        yield f"== {len(over)} resolved =="
        yield from first([note.text for note in reversed(over)], EXAMPLES, "… and {} more.")
