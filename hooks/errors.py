"""What can be wrong with a delivery.

`status` is a hint for the edge that answers; nothing here knows HTTP.
"""

from collections.abc import Mapping
from enum import StrEnum


class HookError(Exception):
    """The delivery cannot be used."""

    status = 400

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or (self.__doc__ or "").splitlines()[0])

    @property
    def detail(self) -> str:
        return str(self.args[0])


class Reason(StrEnum):
    """Why a stranger is one. For our own log: whoever sent it gets one answer for all of them."""

    SOURCE = "source"  # there is none of this name
    ADDRESS = "address"  # not in the source's allow_from
    SIGNATURE = "signature"  # missing, malformed, or of no key of this source
    TIME = "time"  # the signature is right, its time is not


class BadSignature(HookError):
    """No signature of a known key fits this delivery."""

    status = 401
    reason = Reason.SIGNATURE


class Unsigned(BadSignature):
    """A header of the signature is missing or malformed, so no signature was compared."""


class Stale(BadSignature):
    """The signature is right, but its time is outside the window."""

    reason = Reason.TIME


class Malformed(HookError):
    """The body is not a JSON object in UTF-8, or it repeats a key."""

    status = 400


class Invalid(HookError):
    """The body is JSON, but some fields are not valid."""

    status = 422

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        """`errors` maps a field, dotted from the root (`data.address`), to sentences that name
        fault and remedy."""
        super().__init__(
            "; ".join(f"{name}: {' '.join(faults)}" for name, faults in errors.items())
        )
        self.errors = {name: list(faults) for name, faults in errors.items()}


class UnknownAction(Invalid):
    """The type is not one that this path takes."""
