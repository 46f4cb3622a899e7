"""Sends notes to the admin: by mail, or as a signed webhook."""

import json
import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from bridge import logs
from bridge.outgoing import Lost, NotSent, Outgoing
from bridge.ports import Clock, Note, Notebook
from hooks import signing

log = logs.get("notes")

TIMEOUT = 10.0


@dataclass
class Notes:
    """`notify` as in the configuration; empty: notes are written to the log only. `secret` signs webhooks."""

    notebook: Notebook
    notify: str
    smtp: str
    smtp_password: str | None = field(repr=False)
    secret: bytes = field(repr=False)
    outgoing: Outgoing
    clock: Clock

    def send_due(self) -> None:
        for note in self.notebook.due_notes():
            log.warning("note", subject=note.subject, cleared=note.cleared, text=note.text)
            try:
                self._send(note)
            except (NotSent, Lost, OSError, smtplib.SMTPException) as error:
                log.error("a note could not be sent", subject=note.subject, error=f"{type(error).__name__}: {error}")
                self.notebook.note_sent(note, ok=False)
            else:
                self.notebook.note_sent(note, ok=True)

    def _send(self, note: Note) -> None:
        if self.notify.startswith("mailto:"):
            self._mail(note)
        elif self.notify:
            self._post(note)

    def _post(self, note: Note) -> None:
        kind = "note.cleared" if note.cleared else "note.raised"
        body = json.dumps({"type": kind, "data": {"subject": note.subject, "text": note.text}}).encode()
        headers = signing.sign(f"note_{note.id}", int(self.clock()), body, self.secret)
        headers["content-type"] = "application/json"
        reply = self.outgoing.post(self.notify, body, headers, timeout=TIMEOUT, limit=1 << 16)
        if not 200 <= reply.status < 300:
            raise Lost(f"the receiver of notes answered HTTP {reply.status}")

    def _mail(self, note: Note) -> None:
        server = urlsplit(self.smtp)
        mail = EmailMessage()
        mail["To"] = unquote(self.notify.removeprefix("mailto:"))
        mail["From"] = unquote(server.username) if server.username and "@" in server.username else mail["To"]
        mail["Subject"] = f"[enom-bridge] {'Over' if note.cleared else 'Needs you'}: {note.subject}"
        mail.set_content(note.text)
        with smtplib.SMTP(server.hostname or "", server.port or 587, timeout=TIMEOUT) as smtp:
            smtp.ehlo()
            if smtp.has_extn("starttls"):
                smtp.starttls()
            if server.username and self.smtp_password is not None:
                smtp.login(unquote(server.username), self.smtp_password)
            smtp.send_message(mail)
