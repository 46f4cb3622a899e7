"""A mail server on this machine that takes every mail and keeps it."""

import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage
from typing import Any


class MailServer:
    """`mails` as they came. While `refusing`, no mail is taken."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refusing = False
        self.verbs: set[str] = set()
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 mail.example.test")
                while line := self.rfile.readline():
                    verb = line[:4].upper()
                    server.verbs.add(verb.decode("ascii", "replace"))
                    if verb == b"DATA":
                        self.say("354 go on")
                        server.take(self.rfile)
                        self.say("250 taken")
                    elif verb == b"MAIL" and server.refusing:
                        self.say("451 later")
                    elif verb == b"QUIT":
                        return self.say("221 bye")
                    else:
                        self.say("250 mail.example.test")

            def say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._server.server_address[1]}"

    def take(self, lines: Any) -> None:
        raw = b"".join(iter(lines.readline, b".\r\n"))
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)

    def texts(self) -> list[tuple[str, str]]:
        """Subject and body of each, without what every subject begins with."""
        return [
            (str(mail["Subject"]).removeprefix("[enom-bridge] "), mail.get_content())
            for mail in self.mails
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
