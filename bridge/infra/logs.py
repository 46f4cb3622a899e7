"""One log pipeline for our own lines and those of every library, with secrets masked before
anything is written.

Rule 1: a value reaches a stream only after `_redact`.
"""

import json
import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any, Literal, TextIO

import structlog
from structlog.contextvars import bound_contextvars as bound
from structlog.stdlib import BoundLogger, ProcessorFormatter

from bridge.infra.masking import harmless, hiding, mask, masked, register

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
    # Not looked up for each line, because no line tells them.
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


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


def _redact(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if harmless(event):
        return event
    return {
        key: masked(key, value) for key, value in event.items()
    }  # its keys are names in the code


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
