"""The billing side of the wire.

Pure: bytes, keys and times go in; values or `hooks.errors` come out.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from marshmallow import Schema

from hooks import fossbilling, standard, whmcs
from hooks.types import Intent, Message, Question, Report, Verified, Withdrawal

__all__ = ["PLATFORMS", "Platform"]


class Platform(Protocol):
    """What a platform's folder offers.

    `read`, `withdraw` and `ask` raise only UnknownAction and Invalid.
    """

    @property
    def ACTIONS(self) -> Mapping[str, type[Schema]]: ...
    @property
    def QUESTIONS(self) -> Mapping[str, type[Schema]]: ...
    @property
    def WITHDRAWALS(self) -> Mapping[str, type[Schema]]: ...

    def read(self, message: Message, verified: Verified, /) -> Intent: ...
    def withdraw(self, message: Message, verified: Verified, /) -> Withdrawal: ...
    def ask(self, message: Message, verified: Verified, /) -> Question: ...
    def write(self, report: Report, /) -> bytes: ...
    def form(self, url: str, source: str, secret: str, /) -> Mapping[str, str]:
        """What to fill into the platform's own form, field by field; `url` is the bridge's,
        without a path."""


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {"fossbilling": fossbilling, "standard": standard, "whmcs": whmcs}
)
