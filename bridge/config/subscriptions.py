"""Faults of a source whose platform says the status of a subscription, and of the keys that only
such a source has."""

from collections.abc import Iterator, Mapping
from typing import Any

from bridge.domain.suggestions import did_you_mean
from hooks import Platform, Subscriptions, subscriptions

Fault = tuple[str, str]
Tables = Mapping[str, Any]

LEAST_GRACE = (
    14  # days between an event that ends a subscription, which may be wrong, and a deletion
)


def faults(path: str, source: Tables, platform: Platform, read: Tables) -> Iterator[Fault]:
    """`read`: the whole configuration, as far as it could be read."""
    known = subscriptions(platform)
    if known is None:
        for key in ("api", "map", "when"):
            if source.get(key):
                yield (
                    f"{path}.{key}",
                    f"has no meaning: {source['platform']} sends no subscriptions; remove it",
                )
        return
    yield from _secrets(path, source, known)
    yield from _api(path, source, known)
    yield from _map(f"{path}.map", source.get("map", {}), known)
    yield from _when(f"{path}.when", source.get("when", {}), known)
    yield from _grace(path, source, read.get("safety", {}))
    yield from _link(path, source, read.get("admin", {}))


def _api(path: str, source: Tables, platform: Subscriptions) -> Iterator[Fault]:
    api = source.get("api", {})
    if api is None:
        yield (
            f"{path}.api",
            f"is missing; {source['platform']} is asked before a mailbox is deleted, so add it, such "
            'as key = "env:STRIPE_KEY"',
        )
    elif (key := api.get("key")) is not None:
        try:
            platform.api.check_key(key.reveal())
        except ValueError as fault:
            yield f"{path}.api.key", str(fault)


def _secrets(path: str, source: Tables, platform: Subscriptions) -> Iterator[Fault]:
    for secret in source.get("secrets", ()):
        try:
            platform.api.check_secret(secret.reveal())
        except ValueError as fault:
            yield f"{path}.secrets", str(fault)


def _map(path: str, given: Mapping[str, str], platform: Subscriptions) -> Iterator[Fault]:
    for name, place in given.items():
        if name not in platform.FIELDS:
            yield (
                f"{path}.{name}",
                _not_among(name, platform.FIELDS, "is no field that can be mapped"),
            )
        elif f"{place}.".startswith(platform.api.PREFIX):
            yield f"{path}.{name}", "names what the bridge itself writes there; name another place"


def _when(path: str, given: Mapping[str, str], platform: Subscriptions) -> Iterator[Fault]:
    for status in given:
        if status not in platform.STATUSES:
            yield f"{path}.{status}", _not_among(status, platform.STATUSES, "is no status")
        elif platform.STATUSES[status] == "ensure":
            yield f"{path}.{status}", "always means that the mailbox is there and active; remove it"


def _not_among(name: str, known: Mapping[str, str], fault: str) -> str:
    meant = did_you_mean(name, known)
    return f"{fault} (known: {', '.join(known)}){f'; {meant}' if meant else ''}"


def _grace(path: str, source: Tables, safety: Tables) -> Iterator[Fault]:
    days = safety.get("terminate_grace_days")
    if days is not None and days < LEAST_GRACE:
        yield (
            "safety.terminate_grace_days",
            f"is {days}, but {path} needs {LEAST_GRACE} or more: {source['platform']} says only a "
            "status, and may take it back",
        )


def _link(path: str, source: Tables, admin: Tables) -> Iterator[Fault]:
    """The link to the first password goes to billing, or to an admin by mail; else to nobody."""
    by_mail = admin.get("smtp", "-") and admin.get("notify", "mailto:").startswith("mailto:")
    if source.get("callback", "-") == "" and not by_mail:
        yield (
            f"{path}.callback",
            "is empty, so nobody would hear of the link by which a customer sets the first password; "
            "set it, or admin.smtp and admin.notify to a mail address",
        )
