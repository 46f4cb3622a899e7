"""URLs as the configuration takes them. What reads one raises ValueError with a sentence that
says what must be there; no sentence quotes the URL, which may hold a password."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def split(text: str) -> SplitResult | None:
    """The parts of a URL; None for what is no URL, or names no host."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.hostname and text.isprintable() and " " not in text else None


def web(text: str) -> SplitResult | None:
    """None: it is no http(s) URL, or has a user, a password or a fragment."""
    parts = split(text)
    good = parts and parts.scheme in ("http", "https") and "@" not in parts.netloc
    return parts if good and parts and not parts.fragment else None


def web_url(text: str) -> str:
    if not web(text):
        raise ValueError(
            "must be a URL beginning with https:// or http://, without user, password and fragment"
        )
    return text


def api_url(text: str) -> str:
    parts = web(text)
    if not parts or parts.query or not (parts.scheme == "https" or is_loopback(text)):
        raise ValueError(
            "must be an https:// URL without user, password, query and fragment (http:// to "
            "this machine only)"
        )
    return text.rstrip("/")
