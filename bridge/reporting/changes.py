"""A plan in words: its changes as they are stored. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.domain.model import ChangeKind
from bridge.reporting.names import names_in_words

CHANGES: Mapping[str, str] = {
    ChangeKind.MAKE_DOMAIN: "make the mail domain",
    ChangeKind.BUY: "buy one {product}",
    ChangeKind.RENEW: "renew pak {bundle} by {years} year(s)",
    ChangeKind.CREATE: "create the mailbox{place}",
    ChangeKind.SET_PASSWORD: "set the password",
    ChangeKind.RESTORE: "unsuspend the mailbox ({with})",
    ChangeKind.SET_QUOTA: "set the quota to {quota}",
    ChangeKind.SET_ALIASES: "set its aliases to {names}",
    ChangeKind.SET_FORWARDING: "set its forwarding: {onward}",
    ChangeKind.SUSPEND: "suspend the mailbox ({with})",
    ChangeKind.LOG_OUT: "end its sessions",
    ChangeKind.DELETE: "delete the mailbox",
    ChangeKind.PROVE_PASSWORD: "try the new password",
}


def in_plain_words(change: Mapping[str, Any]) -> str:
    """One change of a plan, as it is stored, in words."""
    size = change.get("quota_bytes")
    place = f" in pak {change['bundle']}" if change.get("bundle") else ""
    words = CHANGES[change["change"]].format_map(
        {
            "quota": size and f"{size / 2**30:g} GB",
            "place": place,
            **names_in_words(change),
            **change,
        }
    )
    return f"{words} of {change['of']}" if "of" in change else words


def plan_in_words(plan: Sequence[Mapping[str, Any]]) -> str:
    return (
        ", then ".join(in_plain_words(change) for change in plan)
        or "nothing to send, it is so already at the mail provider"
    )
