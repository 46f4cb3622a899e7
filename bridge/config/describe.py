"""The settings for people: everything that is in force, and no secret."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import urlsplit

from bridge.config.settings import Settings
from bridge.config.values import database_password
from bridge.infra import masking
from bridge.infra.secret import MASK, Secret


def describe(settings: Settings) -> dict[str, Any]:
    """A table of the form of bridge.toml, fit for JSON.

    A secret is `***`, with where it comes from if that is elsewhere.
    """
    plain: dict[str, Any] = _plain(settings)
    if password := database_password(settings.bridge.database):
        plain["bridge"]["database"] = masking.mask(
            settings.bridge.database.replace(f":{password}@", f":{MASK}@")
        )
    notify = urlsplit(settings.admin.notify)
    if notify.scheme.startswith("http"):
        plain["admin"]["notify"] = f"{notify.scheme}://{notify.netloc}/{MASK}"
    return plain


def _plain(value: object) -> Any:
    if isinstance(value, Secret):
        return f"{MASK} ({value.origin})" if value.origin else MASK
    if is_dataclass(value):
        named = "name" in (names := [field.name for field in fields(value)])
        return {
            name: _plain(getattr(value, name)) for name in names if not (named and name == "name")
        }
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return masking.mask(str(value))
