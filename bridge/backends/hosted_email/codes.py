"""What the numbers of hosted email mean for us.

Pure. Enom publishes the list, with the texts [D]; the classes are ours [I].
"""

from collections.abc import Mapping

from bridge.backends.hosted_email.wire import Result
from bridge.domain.errors import (
    AccountFault,
    BridgeError,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    Unavailable,
)

A_FEW_MINUTES = 90.0
MISSING = 2
NOT_OWNED = 9

UNCLEAR = frozenset({0, 28, 29, 30})
LATER: Mapping[int, float | None] = {20: None, 22: A_FEW_MINUTES, 25: A_FEW_MINUTES}
WRONG_PASSWORD = 1
CREDENTIALS = frozenset({1, 11, 32, 33, 35, 39, 42, 43, 44})
ADDRESS_LIST = 21

REFUSALS: Mapping[int, str] = {
    3: "conflict",
    4: "conflict",
    9: "domain_not_in_account",
    15: "pak_full",
    34: "password_rejected",
    36: "password_rejected",
    40: "password_rejected",
    45: "conflict",
    48: "password_rejected",
    **dict.fromkeys(
        (5, 6, 10, 12, 13, 14, 16, 17, 18, 19, 24, 26, 27, 31, 37, 38, 46, 47), "refused"
    ),
}
"""Definite: the request was looked at and turned down."""

BADLY_FORMATTED = 6
REMEDIES: Mapping[int, str] = {
    NOT_OWNED: " Either the domain is not this company's, or the role of the credentials may not do this, or the account is "
    "on the other cluster: see [accounts.….hosted_email].",
    16: " The domain has reached its limit of aliases: raise it in the control panel "
    "(limit_aliases).",
    38: " It takes no more forward recipients: have billing send fewer (forward_to).",
    15: " The domain has reached its limit of users: raise it in the control panel (limit_users).",
}
STATE: Mapping[int, str] = {2: "not_found", 7: "not_ours", 8: "not_ours", 23: "not_ours"}
"""RefusalUnproven: it may be as desired already."""


def fault(result: Result) -> BridgeError | None:
    """What stands against taking this answer as a yes."""
    if result.success:
        return None
    number = -1 if result.number is None else result.number
    remote = {"number": "" if result.number is None else str(number), "text": result.text}
    text = result.text or "an error without a text"
    said = f"Hosted email: {text}"
    refused = f"Hosted email refused (error {remote['number'] or '-'}): {text}"
    if number in UNCLEAR:
        return OutcomeUnknown(said, remote=remote)
    if number in LATER:
        return Unavailable(said, remote=remote, retry_after=LATER[number])
    if number in CREDENTIALS:
        return AccountFault(
            f"{refused}. Check user and password of [accounts.….hosted_email], and whether its "
            "endpoint is your cluster's.",
            remote=remote,
        )
    if number == ADDRESS_LIST:
        return AccountFault(
            f"{refused}. Ask for this machine's IP address to be allowed.",
            code="ip_not_allowed",
            remote=remote,
        )
    if number in REFUSALS:
        return Refused(
            f"{refused}{REMEDIES.get(number, '')}", code=_code(number, result.faulty), remote=remote
        )
    return RefusalUnproven(Refused(refused, code=STATE.get(number, "refused"), remote=remote))


def of_sign_in(result: Result) -> BridgeError | None:
    """What stands against taking this answer to a mailbox's own sign-in as a yes; never a fault of
    the account.

    That a mailbox may call `authenticate` is inferred [I], so whatever speaks of more than its password tells nothing of it.
    """
    error = fault(result)
    if result.number == WRONG_PASSWORD:
        return Refused(
            "Hosted email does not let the mailbox sign in with this password.", code="unclear"
        )
    if isinstance(error, AccountFault | Refused):
        return Refused(
            f"Whether the password is right cannot be tried. {error.detail}", code="unsupported"
        )
    return error


def _code(number: int, faulty: frozenset[str]) -> str:
    """A password of another form than it takes is a bad attribute to it [D]."""
    return (
        "password_rejected"
        if number == BADLY_FORMATTED and "password" in faulty
        else REFUSALS[number]
    )
