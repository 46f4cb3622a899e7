"""A password that nobody will ever know: the lock-out's."""

from collections.abc import Callable, Sequence

from bridge.domain.model import Address

UPPER = "ABCDEFGHJKLMNPQRSTUVWXYZ"
LOWER = "abcdefghijkmnopqrstuvwxyz"
DIGITS = "23456789"
SIGNS = "@-_."
LENGTH = 16


def unknowable(address: Address, choose: Callable[[Sequence[str]], str]) -> str:
    """Sixteen characters after Enom's rule: upper case, digit and sign, and no part of the
    address in it [D]."""
    parts = {address.local, address.domain, address.domain.partition(".")[0]}
    while True:
        password = "".join(choose(UPPER + LOWER + DIGITS + SIGNS) for _ in range(LENGTH))
        kinds = all(
            any(sign in kind for sign in password) for kind in (UPPER, LOWER, DIGITS, SIGNS)
        )
        if kinds and not any(part.lower() in password.lower() for part in parts):
            return password
