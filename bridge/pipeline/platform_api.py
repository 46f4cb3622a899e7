"""One call of a platform's API, in the name of a source."""

from bridge.domain.source import Source
from bridge.infra.http_client import HttpClient, Lost, NotSent, Reply
from hooks.types import ApiCall

TIMEOUT = 10.0  # seconds in all
LIMIT = 4 << 20  # bytes of an answer: a page of a hundred subscriptions, each with its items


class NoAnswer(Exception):
    """The platform did not answer; the text names the fault and the host, nothing else."""


def call(outgoing: HttpClient, source: Source, asked: ApiCall) -> Reply:
    """Raises NoAnswer."""
    url = f"{source.api.endpoint}{asked.path}"
    try:
        if asked.method == "GET":
            return outgoing.get(url, headers=asked.headers, timeout=TIMEOUT, limit=LIMIT)
        return outgoing.post(url, asked.body or b"", asked.headers, timeout=TIMEOUT, limit=LIMIT)
    except (NotSent, Lost) as error:
        fault = f"does not answer: {error}"
    raise NoAnswer(fault)
