"""`POST /hooks/<source>` without the machinery of Flask, which costs more than reading a hook.

Rule 1: only what was taken, and what a stranger sent, is answered here. All else is answered by
Flask, as if this were not there: other paths, a wait, a body without a length, every other error.
"""

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from bridge.domain.jobs import ENDED
from bridge.domain.ports import Dismissal
from bridge.infra import clients, logs
from bridge.pipeline.intake import Receiving, Taken
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


TAKEN = "enom_bridge.taken"
"""And this module, what is to be answered."""


@dataclass(frozen=True)
class Answer:
    status: HTTPStatus
    body: bytes
    kind: str = "application/json"


@dataclass(frozen=True)
class Hook:
    """A request that is one; `source` as its path names it."""

    source: str
    environ: "WSGIEnvironment"
    sender: clients.Client | None


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
        if TAKEN not in environ and FAILED not in environ:
            self.take([environ])
        taken: Answer | None = environ.get(TAKEN)
        if taken is None:
            return self.beyond(environ, respond)
        headers = [("Content-Type", taken.kind), ("Content-Length", str(len(taken.body)))]
        respond(f"{taken.status.value} {taken.status.phrase.upper()}", headers)
        return [taken.body]

    def take(self, requests: Sequence["WSGIEnvironment"]) -> list[bool]:
        """Receives the hooks among these at once, and leaves in each environment what is to be
        answered. Of each, whether it was received: another request is not looked at, nor are
        hooks behind such that take long."""
        begun = time.monotonic()
        named = [self._named(environ) for environ in requests]
        hooks = [
            Hook(source, environ, self._sender(environ))
            for source, environ in zip(named, requests, strict=True)
            if source is not None
        ]
        for hook, found in zip(hooks, self._received(hooks), strict=True):
            if found is not None:
                self._note(hook, found, begun)
        return [TAKEN in environ or FAILED in environ for environ in requests]

    def _received(self, hooks: Sequence["Hook"]) -> Sequence[Taken | Exception | None]:
        try:
            intake = self.context.service.intake
            return intake.receive_all([self._receiving(each) for each in hooks])
        except Exception as error:  # of any kind: Flask has a handler for each
            return [error] * len(hooks)

    def _note(self, hook: "Hook", found: Taken | Exception, begun: float) -> None:
        """Leaves in the environment what is to be answered."""
        try:
            made = self._answer(hook, found)
            seconds = time.monotonic() - begun
            self.context.metrics.request("hook", hook.source, made.status, seconds)
            hook.environ[TAKEN] = made
        except Exception as error:  # of any kind: Flask has a handler for each
            hook.environ[FAILED] = Failed(error, begun)

    def _answer(self, hook: "Hook", found: Taken | Exception) -> Answer:
        if isinstance(found, BadSignature):
            self.context.refusals.note(hook.sender, found.reason, hook.source)
            return Answer(HTTPStatus.UNAUTHORIZED, OF_A_STRANGER, problems.CONTENT_TYPE)
        if isinstance(found, Exception):
            raise found
        return Answer(*answer(found))

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

    def _receiving(self, hook: "Hook") -> Receiving:
        body = hook.environ["wsgi.input"].read(int(hook.environ["CONTENT_LENGTH"]))
        headers = Headers(hook.environ)
        # As it came: whose it is is not known before the signature is checked.
        with logs.bound(source=hook.source, hook=headers.get("webhook-id", "")[:128]):
            delivery = Delivery(hook.source, headers, body, time.time())
            intake = self.context.service.intake
            return (yield from intake.receiving(delivery, clients.named(hook.sender)))


def answer(taken: Taken) -> tuple[HTTPStatus, bytes]:
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
