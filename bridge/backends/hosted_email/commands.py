"""Which method carries out a change, and with what. Pure: one function for each kind of change."""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.backends.hosted_email.wire import SERVICES
from bridge.domain.errors import Refused
from bridge.domain.model import Change, ChangeKind

Arguments = Mapping[str, Any]


def create(change: Change) -> Arguments:
    """With `create_only` an existing user is an error and stays as it is [D], so it may be sent
    again."""
    given = change.arguments
    attributes = {"name": given.get("display_name"), "quota": given.get("quota_bytes")}
    named = {name: value for name, value in attributes.items() if value is not None}
    return {"create_only": True, "attributes": {"password": secret(change), **named}}


def set_password(change: Change) -> Arguments:
    return {"attributes": {"password": secret(change)}}


def suspend(change: Change) -> Arguments:
    return services(dict.fromkeys(change.arguments["services"], "suspended"))


def restore(change: Change) -> Arguments:
    return services(change.arguments["services"])


def set_quota(change: Change) -> Arguments:
    return {"attributes": {"quota": change.arguments["quota_bytes"]}}


def set_aliases(change: Change) -> Arguments:
    """The whole set, as whole addresses."""
    return {"attributes": {"aliases": list(change.arguments["aliases"])}}


def set_forwarding(change: Change) -> Arguments:
    """What delivery needs for it, and nothing else: a vacation text and filters stay as they
    are."""
    forward_to, keep_copy = change.arguments["forward_to"], change.arguments["keep_copy"]
    delivery = {"delivery_forward": bool(forward_to), "delivery_local": keep_copy}
    return {"attributes": {"forward_recipients": list(forward_to), **delivery}}


def nothing(change: Change) -> Arguments:
    return {}


def make_domain(change: Change) -> Arguments:
    """With `create_only` an existing domain is an error and stays as it is [D]; attributes are
    needed, if only empty [D]."""
    return {"create_only": True, "attributes": {}}


METHODS: Mapping[ChangeKind, tuple[str, Callable[[Change], Arguments]]] = {
    ChangeKind.MAKE_DOMAIN: ("change_domain", make_domain),
    ChangeKind.CREATE: ("change_user", create),
    ChangeKind.SET_PASSWORD: ("change_user", set_password),
    ChangeKind.RESTORE: ("change_user", restore),
    ChangeKind.SET_QUOTA: ("change_user", set_quota),
    ChangeKind.SET_ALIASES: ("change_user", set_aliases),
    ChangeKind.SET_FORWARDING: ("change_user", set_forwarding),
    ChangeKind.SUSPEND: ("change_user", suspend),
    ChangeKind.LOG_OUT: ("logout_user", nothing),
    ChangeKind.DELETE: ("delete_user", nothing),
    ChangeKind.PROVE_PASSWORD: ("authenticate", nothing),
}


def method_of(change: Change) -> str:
    if change.kind not in METHODS:
        raise Refused(
            "Hosted email sells nothing: its mailboxes cost by the month.", code="unsupported"
        )
    return METHODS[change.kind][0]


def arguments_of(change: Change) -> Arguments:
    """All but whom it is about. Raises Refused where the change cannot be carried out here."""
    if change.arguments.get("with", "hosted-email") != "hosted-email":
        raise Refused(
            'Hosted email suspends by its services alone: suspend_with = "hosted-email".',
            code="unsupported",
        )
    method_of(change)
    return METHODS[change.kind][1](change)


def services(states: Mapping[str, str]) -> Arguments:
    return {"attributes": {SERVICES[name]: state for name, state in states.items()}}


def secret(change: Change) -> str:
    if not change.secret:
        raise Refused(
            "This change needs a password, but the hook has none.", code="password_needed"
        )
    return change.secret
