"""Sends notes to the admin: by mail, or as a signed webhook."""

import json
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from bridge import logs
from bridge.model import in_words
from bridge.outgoing import Lost, NotSent, Outgoing
from bridge.ports import Clock, Note, Notebook
from bridge.watch import Watch
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
    watch: Watch = field(default_factory=Watch)

    def send_due(self) -> None:
        """Sends what is due as one message, so that a bad hour is not a thousand mails."""
        due = self.notebook.due_notes()
        if not due:
            return
        for note in due:
            log.warning("note", subject=note.subject, cleared=note.cleared, text=note.text)
        try:
            self._send(due)
        except (NotSent, Lost, OSError, smtplib.SMTPException) as error:
            log.error("notes could not be sent", count=len(due), error=f"{type(error).__name__}: {error}")
            self.notebook.notes_sent(due, ok=False)
            self.watch.tell("notes", count=len(due), outcome="failed")
        else:
            self.notebook.notes_sent(due, ok=True)
            self.watch.tell("notes", count=len(due), outcome="sent")

    def _send(self, due: Sequence[Note]) -> None:
        if self.notify.startswith("mailto:"):
            self._mail(due)
        elif self.notify:
            self._post(due)

    def _post(self, due: Sequence[Note]) -> None:
        told = [{"subject": note.subject, "cleared": note.cleared, "text": note.text} for note in due]
        body = json.dumps({"type": "notes", "timestamp": in_words(self.clock()), "data": {"notes": told}}).encode()
        headers = signing.sign(f"notes_{due[0].id}_{due[-1].id}", int(self.clock()), body, self.secret)
        headers["content-type"] = "application/json"
        reply = self.outgoing.post(self.notify, body, headers, timeout=TIMEOUT, limit=1 << 16)
        if not 200 <= reply.status < 300:
            raise Lost(f"the receiver of notes answered HTTP {reply.status}")

    def _mail(self, due: Sequence[Note]) -> None:
        server = urlsplit(self.smtp)
        mail = EmailMessage()
        mail["To"] = unquote(self.notify.removeprefix("mailto:"))
        user = unquote(server.username or "")
        mail["From"] = user if "@" in user else mail["To"]
        mail["Subject"] = f"[enom-bridge] {title(due)}"
        mail.set_content("\n\n".join(note.text for note in due))
        with smtplib.SMTP(server.hostname or "", server.port or 587, timeout=TIMEOUT) as smtp:
            smtp.ehlo()
            private = smtp.has_extn("starttls")
            if private:
                smtp.starttls(context=ssl.create_default_context())
            if user and self.smtp_password is not None:
                if not private:
                    raise smtplib.SMTPException("the server offers no STARTTLS, so the password was not sent to it")
                smtp.login(user, self.smtp_password)
            smtp.send_message(mail)


def title(due: Sequence[Note]) -> str:
    standing = [note for note in due if not note.cleared]
    if len(due) == 1:
        return f"{'Needs you' if standing else 'Over'}: {due[0].subject}"
    return f"{len(standing)} need you, {len(due) - len(standing)} are over"
