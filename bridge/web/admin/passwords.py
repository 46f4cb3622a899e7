"""Passwords of the pages: hashed, and compared at the same cost whether or not there is one."""

from functools import cache

from werkzeug.security import check_password_hash, generate_password_hash

from bridge.config import Admin, Secret

SHORTEST = 12


def hashed(password: str) -> str:
    """A salted hash for `password_hash`. Raises ValueError with a sentence when it is too short."""
    if len(password) < SHORTEST:
        raise ValueError(f"is too short; take at least {SHORTEST} characters")
    return generate_password_hash(password)


@cache
def nobodys() -> str:
    return generate_password_hash("nobody's")


def role_of(admin: Admin, password: str) -> bool | None:
    """True: may act; False: may look; None: neither.

    Every hash is tried, also after one that fits.
    """
    acts, looks = (
        matches(each, password) for each in (admin.password_hash, admin.view_password_hash)
    )
    return True if acts else False if looks else None


def matches(kept: Secret | None, password: str) -> bool:
    fits = check_password_hash(kept.reveal() if kept else nobodys(), password)
    return fits and kept is not None
