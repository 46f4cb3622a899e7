"""What interface.asp's numbers mean for us. Pure. Numbers are S EE PPP: system, error, parameter
[D].

Rule 1: Refused and Unavailable only where surely nothing was done. What is unknown is doubted, and
looked at. Texts decide only where Enom documents them: the two of a wrong address list, and the one
of wrong credentials.
"""

from collections.abc import Mapping
from enum import Enum, auto

from bridge.backends.enom.wire import Envelope
from bridge.domain.errors import (
    AccountFault,
    BridgeError,
    MalformedReply,
    NoFunds,
    OutcomeUnknown,
    RefusalUnproven,
    Refused,
    Unavailable,
)

IP_TEXTS = ("user not permitted from this ip address", "invalid client ip")
LOGIN_TEXTS = ("bad user name or password",)
MAINTENANCE = "18"
TRANSIENT = frozenset({"07", "08", "18", "20", "21"})
TRANSIENT_PARAMETERS = frozenset({"166", "167", "299"})
MONEY = frozenset({"14", "19", "24"})
CALLER = frozenset({"01", "03", "04", "05", "06"})

REFUSALS: Mapping[str, str] = {
    "316153": "domain_not_in_account",
    "316154": "domain_not_in_account",
    "703380": "domain_not_in_account",
}
"""Definite, although their class is not."""

CALLER_CODES: Mapping[str, str] = {
    "151": "domain_not_in_account",
    "152": "domain_not_in_account",
    "153": "domain_not_in_account",
    "156": "password_rejected",
    "380": "domain_not_in_account",
}
"""Parameter -> our code, where the caller's data are wrong."""

STATE_CODES: Mapping[str, str] = {
    "302286": "not_ours",
    "315269": "pak_full",
    "315271": "pak_full",
    "316286": "not_found",
    "317269": "purchase_needed",
    "317271": "purchase_needed",
}
"""Constructed from the scheme; none was seen [I].

All are doubted: the state may be the desired one already.
"""

COUNTS = ("accountscreated", "accountsmodified", "accountsdeleted", "bundlecount")
CLAIMS = (*COUNTS, "orderid", "bundleid")


class Class(Enum):
    IP = auto()
    LOGIN = auto()
    MONEY = auto()
    DOWN = auto()
    UNCLEAR = auto()
    CALLER = auto()
    STATE = auto()


def classify(number: str) -> Class:
    """The class of one response number; a malformed or unknown one is a STATE: doubted."""
    if len(number) != 6 or not (number.isascii() and number.isdigit()):
        return Class.STATE
    system, error, parameter = number[0], number[1:3], number[3:]
    if number == "713254":
        return Class.IP
    if number == "304155" or system == "4":
        return Class.LOGIN
    if system == "6" and error == MAINTENANCE:
        return Class.DOWN
    if system in "016" or error in TRANSIENT or parameter in TRANSIENT_PARAMETERS:
        return Class.UNCLEAR
    if system == "5" or error in MONEY:
        return Class.MONEY
    if number in REFUSALS or (system == "3" and error in CALLER):
        return Class.CALLER
    return Class.STATE


def fault(envelope: Envelope, command: str) -> BridgeError | None:
    """What stands against taking this answer as a yes; None when nothing does."""
    if not envelope.done:
        return OutcomeUnknown("Enom's answer was cut off.")
    if envelope.err_count is None:
        return MalformedReply("Enom's answer does not say whether there was an error.")
    if envelope.command and envelope.command.lower() != command.lower():
        return MalformedReply("Enom answered another command than the one sent.")
    if envelope.err_count == 0:
        return None
    remote = _remote(envelope)
    # SetUpPOP3User is documented to say Success and ErrCount 1 in one answer [S].
    if _says_yes(envelope):
        return OutcomeUnknown("Enom's answer says both success and failure.", remote=remote)
    return _refusal(envelope, remote)


def hollow(envelope: Envelope) -> BridgeError | None:
    """A write without an error that still says that nothing was done."""
    fields = envelope.fields
    if fields.get("success", "").lower() in ("false", "0") or any(
        fields.get(name) == "0" for name in COUNTS
    ):
        return RefusalUnproven(
            Refused(
                "Enom's answer reports no error, but also that nothing was done.",
                remote=_remote(envelope),
            )
        )
    return None


def _says_yes(envelope: Envelope) -> bool:
    fields = envelope.fields
    return fields.get("success", "").lower() in ("true", "1") or any(
        fields.get(name, "0") != "0" for name in CLAIMS
    )


def _refusal(envelope: Envelope, remote: Mapping[str, str]) -> BridgeError:
    numbers = [number for number, _ in envelope.codes]
    classes = {classify(number) for number in numbers} | _by_text(envelope.errors)
    text = remote["text"] or "an error without a text"
    said, refused = f"Enom: {text}", f"Enom refused (error {remote['number'] or '-'}): {text}"
    if Class.IP in classes:
        return AccountFault(
            f"{refused}. Add this machine's IP address to the account's API allow list at Enom.",
            code="ip_not_allowed",
            remote=remote,
        )
    if Class.LOGIN in classes:
        return AccountFault(
            f"{refused}. Check uid and token of the account; test and live have different ones.",
            remote=remote,
        )
    if classes == {Class.MONEY}:
        return NoFunds(f"{refused}. Top up the account's balance.", remote=remote)
    if classes == {Class.DOWN}:
        return Unavailable(said, remote=remote)
    if classes & {Class.MONEY, Class.DOWN, Class.UNCLEAR}:
        return OutcomeUnknown(said, remote=remote)
    refusal = Refused(refused, code=_code(numbers), remote=remote)
    return refusal if classes == {Class.CALLER} else RefusalUnproven(refusal)


def _by_text(errors: tuple[str, ...]) -> set[Class]:
    texts = [text.lower() for text in errors]
    ip = {Class.IP for text in texts if text.startswith(IP_TEXTS)}
    return ip | {Class.LOGIN for text in texts if text.startswith(LOGIN_TEXTS)}


def _code(numbers: list[str]) -> str:
    for number in numbers:
        known = STATE_CODES.get(number) or REFUSALS.get(number)
        if not known and classify(number) is Class.CALLER:
            known = CALLER_CODES.get(number[3:])
        if known:
            return known
    return "refused"


def _remote(envelope: Envelope) -> dict[str, str]:
    texts = [*envelope.errors, *(text for _, text in envelope.codes if text)]
    return {
        "number": ", ".join(number for number, _ in envelope.codes)[:60],
        "text": "; ".join(texts)[:300],
    }
