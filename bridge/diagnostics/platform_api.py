"""Whether the API key of a platform with subscriptions may do what the bridge needs, and whether its
map finds anything. Nothing is changed there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bridge.domain.source import Source
from bridge.infra.http_client import HttpClient, Reply
from bridge.pipeline.platform_api import NoAnswer, call
from bridge.pipeline.subscription_list import read_listed
from hooks import Subscriptions
from hooks.errors import HookError
from hooks.types import ApiCall

Verdict = tuple[str, str, str]
"""Level, what is so, and what to do about it; as a CheckResult has them."""

READ, WRITE = "read subscriptions", "write the metadata of subscriptions"


def verdicts(
    source: Source, live: bool, outgoing: HttpClient, clock: Callable[[], float]
) -> Iterator[Verdict]:
    """`live`: whether the account is."""
    platform, key = source.subscriptions, source.api.key
    if platform is None or not key:
        return
    keys_place = f"sources.{source.name}.api.key"
    yield from _environment(platform.api.is_live(key), live, keys_place)
    reply = _asked(source, outgoing, platform.api.listing("", key))
    if isinstance(reply, str):
        yield "FAIL", f"The platform {reply}.", f"Check sources.{source.name}.api.endpoint."
        return
    yield _right(reply, READ, reply.status == 200, keys_place)
    if reply.status == 200:
        yield from _mapped(source, platform, reply.body, clock())
    reply = _asked(source, outgoing, platform.api.may_write(key))
    if isinstance(reply, str):
        yield "FAIL", f"The platform {reply}.", ""
    else:
        yield _right(reply, WRITE, reply.status == 404, keys_place)


def _asked(source: Source, outgoing: HttpClient, what: ApiCall) -> Reply | str:
    try:
        return call(outgoing, source, what)
    except NoAnswer as error:
        return str(error)


def _right(reply: Reply, right: str, may: bool, keys_place: str) -> Verdict:
    if may:
        return "ok", f"The API key may {right}.", ""
    if reply.status == 401:
        return "FAIL", "The platform does not know the API key.", f"Correct {keys_place}."
    if reply.status == 403:
        return (
            "FAIL",
            f"The API key may not {right}.",
            f"Give the key of {keys_place} that right at the platform.",
        )
    return (
        "FAIL",
        f"The platform answers HTTP {reply.status}; whether the key may {right} is open.",
        "",
    )


def _environment(key_is_live: bool, live: bool, keys_place: str) -> Iterator[Verdict]:
    if key_is_live and not live:
        yield "warn", "The API key is live, the account is not.", f"Check {keys_place}."
    if live and not key_is_live:
        yield (
            "warn",
            "The API key is one for tests, but the account is live: test subscriptions would make "
            "real mailboxes.",
            f"Check {keys_place}.",
        )


def _mapped(source: Source, platform: Subscriptions, body: bytes, now: float) -> Iterator[Verdict]:
    try:
        found, _ = platform.api.listed(body)
    except ValueError as error:
        yield "FAIL", f"The platform lists no subscriptions: {error}.", ""
        return
    place = source.event_map.fields.get("address") or platform.FIELDS["address"]
    named = [each for each in found if names_mailbox(source, each, place)]
    if found and not named:
        yield (
            "warn",
            f"None of its {len(found)} newest subscriptions names a mailbox at {place}.",
            f"Write the address there, or correct sources.{source.name}.map.",
        )
    elif found:
        yield "ok", f"{len(named)} of its {len(found)} newest subscriptions name a mailbox.", ""
    faults = sorted({fault for each in named for fault in _faults(source, each, now)})
    if faults:
        yield (
            "warn",
            f"Some of them cannot be read: {', '.join(faults)}.",
            f"Correct them at the platform, or sources.{source.name}.map.",
        )


def names_mailbox(source: Source, subscription: Mapping[str, Any], place: str) -> bool:
    value: Any = subscription
    for step in place.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return isinstance(value, str) and bool(value)


def _faults(source: Source, subscription: Mapping[str, Any], now: float) -> Sequence[str]:
    try:
        read_listed(source, subscription, now)
    except HookError as error:
        return [str(error).partition(":")[0]]
    return ()
