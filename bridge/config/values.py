"""Single values of the configuration. Every function returns the value in the form that is used, or
raises ValueError with a sentence that says what must be there; no sentence quotes a secret."""

import base64
import re
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import urlsplit

from bridge.domain.service_events import EventType
from bridge.infra.clients import Network, network
from bridge.infra.urls import api_url, is_loopback, split, web, web_url
from hooks.address import normalise

__all__ = ["Network", "network"]  # addresses of clients are read in one place


class HostPort(NamedTuple):
    """A host, or an address without brackets, and its port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text):
        raise ValueError(
            "is not a usable name; use up to 64 of A-Z a-z "
            "0-9 _ -, beginning with a letter or digit"
        )
    return text


def plan_name(text: str) -> str:
    if not 1 <= len(text) <= 64 or not text.isprintable():
        raise ValueError("is not a usable plan name; use 1 to 64 printable characters")
    return text


def host_port(text: str) -> HostPort:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise ValueError('must be "host:port", such as "127.0.0.1:8080" or "[::1]:8080"')
    return HostPort(host, port)


def optional_host_port(text: str) -> HostPort | None:
    return host_port(text) if text else None


def host_name(text: str) -> str:
    """The name of a host in lower case, without the dot at its end."""
    name = text.lower().rstrip(".")
    if (
        not re.fullmatch(
            r"[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+", name
        )
        or len(name) > 253
    ):
        raise ValueError('must be the name of a host or the end of one, such as "hostedemail.com"')
    return name


def minute_of_day(text: str) -> int | None:
    """Minutes since midnight, UTC; None for an empty text."""
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
    if text and not found:
        raise ValueError('must be a time of the day in UTC, such as "06:30", or empty')
    return int(found[1]) * 60 + int(found[2]) if found else None


def public_url(text: str) -> str:
    parts = web(text)
    if not parts or parts.query:
        raise ValueError(
            'must be a URL such as "https://bridge.example.com", without user, password, query '
            "and fragment"
        )
    if parts.path.strip("/"):
        raise ValueError(
            f'has the path "{parts.path}", but the admin pages work only at the root; give the '
            "bridge its own host name, "
            'such as "https://bridge.example.com". Hooks still '
            "arrive at any path that your proxy forwards"
        )
    return text.rstrip("/")


DRIVER = (
    "pip install --require-hashes -r requirements-postgres.lock  (in a checkout: make install "
    "EXTRA=postgres)"
)


def database(text: str) -> str:
    """Paths stay as written: only the loader knows the folder that they count from."""
    scheme, _, rest = text.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest.strip("/") and ":memory:" not in rest:
        return text
    if scheme == "postgresql+psycopg" and _path(text).strip("/"):
        if find_spec("psycopg") is None:
            raise ValueError(f"needs PostgreSQL's driver, which is not installed: {DRIVER}")
        return text
    raise ValueError('must be "sqlite:///PATH" (a file) or "postgresql+psycopg://user@host/name"')


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:  # as of a bracket that is not closed
        return ""


def database_password(url: str) -> str | None:
    """The password inside a database URL, as SQLAlchemy finds it: a slash in it does not end it."""
    found = re.search(r"://[^:/@]*:(.*)@", url)
    return found.group(1) if found else None


def optional_web_url(text: str) -> str:
    return web_url(text) if text else text


def optional_api_url(text: str) -> str:
    return api_url(text) if text else text


def dotted_path(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}", text):
        raise ValueError('must be a dotted path such as "metadata.mailbox"')
    return text


def meaning(text: str) -> str:
    if text not in (known := ("nothing", "suspend", "terminate")):
        raise ValueError(f"must be one of: {', '.join(known)}")
    return text


def notify(text: str) -> str:
    mail = re.fullmatch(r"mailto:[^@\s?#]+@[^@\s?#]+", text)
    page = web(text)
    if text and not mail and not (page and (page.scheme == "https" or is_loopback(text))):
        raise ValueError('must be "mailto:someone@example.com" or an https:// URL, or empty')
    return text


def smtp(text: str) -> str:
    parts = split(text)
    if text and (
        not parts or parts.scheme != "smtp" or parts.path or parts.query or parts.fragment
    ):
        raise ValueError('must be "smtp://user@host:587", or empty')
    if parts and parts.password is not None:
        raise ValueError("holds a password; move it to admin.smtp_password")
    return text


def event(text: str) -> str:
    if text not in (known := [str(each) for each in EventType]):
        raise ValueError(f"is not a known event; known are: {', '.join(known)}")
    return text


def domain(text: str) -> str:
    if text == "*":
        return text
    try:
        return normalise(f"a@{text}").partition("@")[2]  # the spelling that a hook's address gets
    except ValueError:
        raise ValueError(
            'must be a mail domain such as "example.com", or "*" alone for all'
        ) from None


def time_of_day(text: str) -> str:
    if text and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError('must be a time of day in UTC such as "03:00", or empty for never')
    return text


def password_hash(text: str) -> str:
    if not re.fullmatch(r"(scrypt(:\d+){3}|pbkdf2:sha(256|512):\d+)\$[^$\s]+\$[0-9a-f]+", text):
        raise ValueError(
            "must be a hash as `enom-bridge admin-password` prints it, not the password itself"
        )
    return text


def optional_header(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", text):
        raise ValueError('must be the name of a header, such as "X-Forwarded-User", or empty')
    return text


def user(text: str) -> str:
    """A person's name as a proxy gives it: a comma would mean that two of them spoke."""
    if not 1 <= len(text) <= 100 or not text.isprintable() or "," in text or text != text.strip():
        raise ValueError(
            "must be a name of 1 to 100 printable characters, "
            "without comma and without spaces around it"
        )
    return text


def bridge_key(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]{43}=?", text) is None:
        raise ValueError(
            "must be 32 random bytes in URL-safe base64 (44 characters); `enom-bridge init` "
            "writes a new one"
        )
    return text


def key_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=")
