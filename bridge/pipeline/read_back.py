"""Asks a platform, before a mailbox is deleted, whether the subscription still says so.

Rule 1: without an answer that says so, nothing is deleted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bridge.domain.errors import NeedsPerson, Unavailable
from bridge.domain.ports import Clock, Job
from bridge.domain.source import Source
from bridge.infra import logs
from bridge.infra.http_client import HttpClient, Reply, retry_after
from bridge.pipeline.platform_api import NoAnswer, call
from hooks import SubscriptionApi
from hooks.types import Message

log = logs.get("read_back")

Ask = Callable[[Job], None]
"""Returns where billing still wants the deletion, or has said all that there is to know. Raises
NeedsPerson where it wants it no more, Unavailable while it does not answer."""


def nobody_asks(job: Job) -> None:
    """Where no source is one of a platform that can be asked."""


@dataclass
class ReadBack:
    sources: Mapping[str, Source]
    outgoing: HttpClient
    clock: Clock

    def __call__(self, job: Job) -> None:
        source = self.sources.get(job.source)
        if source is None or source.subscriptions is None:
            return
        api, service = source.subscriptions.api, job.intent.service_id
        try:
            reply = call(self.outgoing, source, api.look(service, source.api.key))
        except NoAnswer as error:
            raise Unavailable(
                f"Before a deletion the subscription is looked at, and the platform {error}."
            ) from None
        said = self._said(source.subscriptions.api, source, service, reply)
        log.info("read back", service_id=service, status=said)

    def _said(self, api: SubscriptionApi, source: Source, service: str, reply: Reply) -> str:
        """The status that ends the mailbox."""
        if reply.status == 404:
            raise NeedsPerson(
                f"The platform does not know the subscription {service}, so nothing is deleted. "
                "Check api.key: a test key does not see live subscriptions.",
                code="conflict",
            )
        if reply.status != 200:
            raise Unavailable(
                "Before a deletion the subscription is looked at, and the platform answers HTTP "
                f"{reply.status}. If that stays, check api.key with `enom-bridge doctor`.",
                retry_after=retry_after(reply.headers, self.clock()),
            )
        try:
            found = api.seen(reply.body)
        except ValueError as error:
            raise Unavailable(
                f"Before a deletion the subscription is looked at: {error}."
            ) from None
        said = api.message(found, self.clock(), source.event_map)
        if not isinstance(said, Message) or said.type != "mailbox.terminate":
            raise NeedsPerson(
                f"The subscription {service} is {api.status(found)} by now, which does not end a "
                "mailbox: nothing is deleted. If it is to go all the same, end the subscription "
                "there and retry.",
                code="conflict",
            )
        return api.status(found)
