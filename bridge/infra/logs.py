"""One log pipeline for our own lines and those of every library, with secrets masked before
anything is written.

Rule 1: a value reaches a stream only after `_redact`. What is not text, a number, a list or a table
is logged by its repr.
"""

import json
import logging
import re
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from html import escape
from typing import Any, Literal, TextIO
from urllib.parse import quote, quote_plus

import structlog
from structlog.contextvars import bound_contextvars as bound
from structlog.stdlib import BoundLogger, ProcessorFormatter

__all__ = ["bound", "configure", "get", "hiding", "mask", "register"]

MASK = "***"
SHORTEST = 6  # a shorter value would blot out ordinary words; it is masked by its key alone
_KEY = re.compile(
    r"passw|passphrase|token|secret|authori[sz]ation|credential|signature|cookie|api_?key"
    r"|(^|[^a-z])(pw|keys?)($|[^a-z])|pw$",
    re.IGNORECASE,
)
# pw=… in a URL or a message, 'password': '…' in the repr of a form.
_PAIR = re.compile(
    r"""(\w*(?:password|passwd|token|secret|signature|pw)s?(?:=|["']\s*:\s*))"""
    r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s&,;"'<>]+)""",
    re.IGNORECASE,
)
_registered: set[str] = set()
_hidden: ContextVar[frozenset[str]] = ContextVar("hidden", default=frozenset())


def register(value: str) -> None:
    """From now on `value` is masked in every line, in each form that it may be written in.

    For the secrets of the settings.
    """
    _registered.update(_forms(value))
    _longest_first.cache_clear()


@contextmanager
def hiding(*values: str) -> Iterator[None]:
    """The same for the lines of one block of work only. For a hook's password."""
    token = _hidden.set(_hidden.get().union(*map(_forms, values)))
    try:
        yield
    finally:
        _hidden.reset(token)


def mask(text: str) -> str:
    """`text` without any registered value, and without what follows `password=` and its like."""
    for form in _longest_first(_hidden.get()):
        text = text.replace(form, MASK)
    return _PAIR.sub(rf"\1{MASK}", text)


@lru_cache(64)
def _longest_first(hidden: frozenset[str]) -> list[str]:
    return sorted(_registered | hidden, key=len, reverse=True)


def configure(format: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Sends everything from INFO up to `stream`, by default to whatever standard error is at the
    time."""
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if format == "json" else _text
    handler = _Handler(stream)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,  # never with local variables
                _redact,
                renderer,
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in (
        "alembic",
        "waitress",
    ):  # the one at each start, the other whenever a stranger hangs up
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            *before,
            structlog.stdlib.PositionalArgumentsFormatter(),
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=BoundLogger,
    )


def get(name: str) -> BoundLogger:
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


class _Handler(logging.StreamHandler[TextIO]):
    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream or sys.stderr)
        self._fixed = stream

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = self._fixed or sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        # The inherited one prints the arguments unmasked. And what cannot be written is no fault of
        # whoever had to say it.
        with suppress(Exception):
            sys.stderr.write(f"a log line of {record.name} could not be written\n")


def _forms(value: str) -> frozenset[str]:
    """The value as it is, URL-encoded, escaped for HTML, in base64 at any offset (as in Basic), and escaped up to twice
    for JSON and Python (a body within a repr)."""
    if len(value) < SHORTEST:
        return frozenset()
    raw = value.encode(errors="surrogatepass")
    forms = {
        value,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        escape(value),
        repr(raw)[2:-1],
    }
    for _ in range(2):
        forms |= {text for form in forms for text in _escaped(form)}
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + raw).decode()[
            (0, 2, 3)[offset] : (offset + len(raw)) * 8 // 6
        ]
        forms |= {encoded, encoded.translate({43: "-", 47: "_"})}
    return frozenset(forms)


def _escaped(text: str) -> set[str]:
    return {repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _redact(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {
        key: _masked(key, value) for key, value in event.items()
    }  # its keys are names in the code


def _masked(key: object, value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(key, str) and _KEY.search(key):
        return MASK
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {mask(str(inner)): _masked(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(None, item) for item in value]
    if isinstance(value, bytes):
        return mask(value.decode(errors="backslashreplace"))
    return mask(value if isinstance(value, str) else repr(value))


def _text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """`time level event key=value …`, then the traceback.

    One line for a line: what a stranger sent cannot start another.
    """
    head = [event.pop("timestamp"), event.pop("level").upper().ljust(7), _line(event.pop("event"))]
    tail = [event.pop(key) for key in ("exception", "stack") if key in event]
    fields = [f"{key}={_line(value)}" for key, value in event.items() if value is not None]
    return "\n".join([" ".join(head + fields), *tail])


def _line(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)
