"""One log pipeline for our own lines and those of every library, with secrets masked before
anything is written.

Rule 1: a value reaches a stream only after `_redact`.
"""

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any, Literal, TextIO

from bridge.infra.masking import harmless, hiding, mask, masked, register


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Meanwhile a module counts as not installed, unless it is loaded already."""
    modules: dict[str, Any] = sys.modules
    if name in modules:
        yield
        return
    modules[name] = None
    try:
        yield
    finally:
        del modules[name]


# structlog would load it for tracebacks in colour, which no line of ours has: 5 MiB and a tenth of
# the time of a start.
with hidden("rich"):
    import structlog
    from structlog.contextvars import bound_contextvars as bound
    from structlog.stdlib import ProcessorFormatter
    from structlog.typing import EventDict, FilteringBoundLogger, Processor

__all__ = ["bound", "configure", "get", "hiding", "mask", "register"]


def configure(format: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Sends everything from INFO up to `stream`, by default to whatever standard error is at the
    time."""
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Any] = [
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # never with local variables
        _redact,
        _json if format == "json" else _text,
    ]
    handler = _Handler(stream, after)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=before, processors=[ProcessorFormatter.remove_processors_meta, *after]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in (
        "alembic",
        "waitress",
    ):  # the one at each start, the other whenever a stranger hangs up
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Our own lines go to the handler without becoming records, which took most of a line's time.
    structlog.configure(
        processors=[*before, _whole],
        logger_factory=partial(_Logger, handler),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    # Not looked up for each line, because no line tells them.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def get(name: str) -> FilteringBoundLogger:
    logger: FilteringBoundLogger = structlog.get_logger(name)
    return logger


class _Handler(logging.StreamHandler[TextIO]):
    """`after`: what makes a line of an event."""

    def __init__(self, stream: TextIO | None, after: Sequence[Processor]) -> None:
        super().__init__(stream or sys.stderr)
        self._fixed, self._after = stream, after

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = self._fixed or sys.stderr
        super().emit(record)

    def write(self, name: str, event: EventDict) -> None:
        """An event of ours. Raises nothing."""
        try:
            line: Any = event
            for step in self._after:
                line = step(None, "", line)
            stream = self._fixed or sys.stderr
            with self.lock or nullcontext():
                stream.write(line + self.terminator)
                stream.flush()
        except Exception:  # of any kind: a value whose repr raises, a stream that is closed
            _tell_unwritable(name)

    def handleError(self, record: logging.LogRecord) -> None:
        # The inherited one prints the arguments unmasked.
        _tell_unwritable(record.name)


def _tell_unwritable(name: str) -> None:
    """What cannot be written is no fault of whoever had to say it."""
    with suppress(Exception):
        sys.stderr.write(f"a log line of {name} could not be written\n")


class _Logger:
    """Where structlog leaves an event."""

    def __init__(self, handler: _Handler, name: str = "") -> None:
        self.name, self._handler = name, handler

    def _write(self, event: EventDict) -> None:
        self._handler.write(self.name, event)

    info = warning = error = critical = _write


def _whole(_logger: Any, _method: str, event: EventDict) -> tuple[tuple[EventDict], dict[str, Any]]:
    return (event,), {}


def _redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if harmless(event):
        return event
    return {
        key: masked(key, value) for key, value in event.items()
    }  # its keys are names in the code


_encode = json.JSONEncoder(default=repr).encode  # made once, not for each line


def _json(_logger: Any, _method: str, event: EventDict) -> str:
    return _encode(event)


def _text(_logger: Any, _method: str, event: EventDict) -> str:
    """`time level event key=value …`, then the traceback.

    One line for a line: what a stranger sent cannot start another.
    """
    head = [event.pop("timestamp"), event.pop("level").upper().ljust(7), _line(event.pop("event"))]
    tail = [event.pop(key) for key in ("exception", "stack") if key in event]
    fields = [f"{key}={_line(value)}" for key, value in event.items() if value is not None]
    return "\n".join([" ".join(head + fields), *tail])


def _line(value: object) -> str:
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)
