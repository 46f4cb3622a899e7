"""`POST /hooks/<source>` without the machinery of Flask, which costs more than reading a hook.

Rule 1: only what was taken, and what a stranger sent, is answered here. All else is answered by
Flask, as if this were not there: other paths, a wait, a body without a length, every other error.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.domain.jobs import ENDED
from bridge.domain.ports import Dismissal, Receipt
from bridge.infra import clients, logs
from bridge.reporting import answers
from bridge.web import problems
from hooks.errors import BadSignature
from hooks.types import Delivery, Ignored

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from bridge.web.context import WebContext

FAILED = "enom_bridge.failed"
"""Where Flask finds in the environment what was raised here."""

_PATH = re.compile(r"/hooks/([A-Za-z0-9_-]{1,64})")
_LENGTH = re.compile(r"[0-9]{1,9}")
# What Flask takes for a host for sure: for another one it answers 400, whatever became of the hook
_HOST = re.compile(
    r"([A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,20}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?"
)
# What changes how a request is answered, or where its body ends
_MEANING_MORE = ("HTTP_PREFER", "HTTP_UPGRADE", "HTTP_TRANSFER_ENCODING", "SCRIPT_NAME")


@dataclass(frozen=True)
class Failed:
    """A hook that was not taken, and when it came, in seconds of `time.monotonic`."""

    error: Exception
    begun: float


class Headers(Mapping[str, str]):
    """The headers of a request by their names in lower case, not copied."""

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        name = name.upper().replace("-", "_")
        plain = name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        return str(self._environ[name if plain else f"HTTP_{name}"])

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            name = key.removeprefix("HTTP_")
            if name != key or key in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                yield name.lower().replace("_", "-")

    def __len__(self) -> int:
        return sum(1 for _ in self)


class DirectHooks:
    """Stands before Flask's own `beyond`. `longest`: of a body, in bytes."""

    def __init__(self, context: "WebContext", beyond: "WSGIApplication", longest: int) -> None:
        self.context, self.beyond, self.longest = context, beyond, longest

    def __call__(self, environ: "WSGIEnvironment", respond: "StartResponse") -> Iterable[bytes]:
        source = self._named(environ)
        if source is None:
            return self.beyond(environ, respond)
        begun, kind = time.monotonic(), "application/json"
        sender = self._sender(environ)
        try:
            status, body = answer(self._take(source, sender, environ))
        except BadSignature as error:
            self.context.refusals.note(sender, error.reason, source)
            status, kind, body = HTTPStatus.UNAUTHORIZED, problems.CONTENT_TYPE, OF_A_STRANGER
        except Exception as error:  # of any kind: Flask has a handler for each
            environ[FAILED] = Failed(error, begun)
            return self.beyond(environ, respond)
        self.context.metrics.request("hook", source, status, time.monotonic() - begun)
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        respond(f"{status.value} {status.phrase.upper()}", headers)
        return [body]

    def _named(self, environ: "WSGIEnvironment") -> str | None:
        """The source of a hook that can be answered here; None for every other request."""
        found = _PATH.fullmatch(environ["PATH_INFO"])
        if not found or environ["REQUEST_METHOD"] != "POST":
            return None
        length = environ.get("CONTENT_LENGTH") or ""
        if not _LENGTH.fullmatch(length) or int(length) > self.longest:
            return None
        if "HTTP_HOST" in environ and not _HOST.fullmatch(environ["HTTP_HOST"]):
            return None
        return None if any(environ.get(name) for name in _MEANING_MORE) else found[1]

    def _sender(self, environ: "WSGIEnvironment") -> clients.Client | None:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        trusted = self.context.trusted_proxies
        return clients.of(environ.get("REMOTE_ADDR") or "", forwarded, trusted)

    def _take(
        self, source: str, sender: clients.Client | None, environ: "WSGIEnvironment"
    ) -> Receipt | Dismissal | Ignored:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        headers = Headers(environ)
        # As it came: whose it is is not known before the signature is checked.
        with logs.bound(source=source, hook=headers.get("webhook-id", "")[:128]):
            delivery = Delivery(source, headers, body, time.time())
            return self.context.service.intake.receive(delivery, clients.named(sender))


def answer(taken: Receipt | Dismissal | Ignored) -> tuple[HTTPStatus, bytes]:
    """What the sender of a hook is told, once it is taken."""
    if isinstance(taken, Dismissal):
        status, told = HTTPStatus.OK, answers.dump(answers.Dismissal, taken.describe())
    elif isinstance(taken, Ignored):
        status, told = HTTPStatus.OK, answers.dump(answers.Ignored, taken.describe())
    else:
        status = HTTPStatus.OK if taken.status in ENDED else HTTPStatus.ACCEPTED
        told = answers.dump(answers.Receipt, taken.describe())
    return status, as_json(told)


def as_json(content: Mapping[str, Any]) -> bytes:
    """As Flask writes it."""
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


OF_A_STRANGER = as_json(problems.described(401, problems.TITLES[401], problems.STRANGER))
