"""The switches of the simulator, set through the control port."""

from dataclasses import dataclass, field, fields
from typing import Any

CHOICES = {
    "password_rules": ("new", "old"),
    "skin": ("auto", "API", "API.NET"),
    "missing_user": ("error", "form"),
    "hosted_forms": ("typed", "text"),
}


@dataclass
class Settings:
    stale_seconds: float = 0.0
    """Reads show what was true this many seconds ago."""
    stale_share: float = 1.0
    """The probability that a read is stale."""
    hosted_lag: float = 0.0
    """Seconds until hosted email sees what interface.asp did."""
    password_rules: str = "new"  # noqa: S105  the name of a rule, not a password
    show_passwords: bool = True
    latency: float = 0.0
    skin: str = "auto"
    skins: dict[str, str] = field(default_factory=dict)
    """Skin by command, above `skin`."""
    missing_user: str = "error"
    """get_user on a missing mailbox: error 2, or a form without metadata."""
    hosted_forms: str = "typed"
    """How hosted email writes numbers and yes or no in its answers: typed, or as text."""
    password_lag: float = 0.0
    """Seconds until `authenticate` knows a new password."""
    lock_after: int = 0
    """So many wrong passwords in a row lock a mailbox's sign-in; 0: never."""
    order_seconds: float = 5.0
    """How long a cart order stays Open."""
    balance: float = 5000.0
    """Of a new account, and what POST /balance sets it back to."""

    def update(self, values: dict[str, Any]) -> None:
        """Take all of `values` or none. Raises ValueError that names the field."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"{name}: no such setting; use one of {', '.join(known)}")
            expected = (int, float) if isinstance(known[name], float) else type(known[name])
            if not isinstance(value, expected) or (
                isinstance(value, bool) and not isinstance(known[name], bool)
            ):
                raise ValueError(
                    f"{name}: {value!r} is of the wrong type; give a value like {known[name]!r}"
                )
            if name in CHOICES and value not in CHOICES[name]:
                raise ValueError(
                    f"{name}: {value!r} is not a choice; use one of {', '.join(CHOICES[name])}"
                )
        for name, value in values.items():
            setattr(self, name, value)
