"""Faults that lie between keys. Everything here takes what could be read of the document, so that a
fault in one key hides none elsewhere; what is absent because it was faulty itself is not complained
of twice."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from bridge.backends.enom import settings as enom
from bridge.backends.hosted_email import settings as hosted_email
from bridge.config import subscriptions
from bridge.domain.suggestions import did_you_mean
from bridge.infra.urls import is_loopback
from hooks import Platform, key_of, own_webhooks

Fault = tuple[str, str]
Tables = Mapping[str, Any]

OUR_FORM = (
    'must be "whsec_" and 24 to 64 random bytes in base64; `enom-bridge init` writes a new one'
)
TEST_HOSTS = (enom.TEST_HOST, hosted_email.TEST_HOST)


def faults(read: Tables, written: Tables, platforms: Mapping[str, Platform]) -> Iterator[Fault]:
    """`read` is what the schemas accepted, `written` the document itself, which still has the
    names of faulty tables."""
    accounts = read.get("accounts", {})
    for name, account in accounts.items():
        yield from _account(f"accounts.{name}", account)
        yield from _live_host(f"accounts.{name}", account)
    yield from _grace(read)
    yield from _bridge(read.get("bridge", {}))
    yield from _admin(read.get("admin", {}), read.get("bridge", {}))
    sources, named = read.get("sources", {}), written.get("accounts", {})
    for name, source in sources.items():
        if isinstance(named, Mapping):
            yield from _account_of(f"sources.{name}", source, named)
        yield from _source(f"sources.{name}", source, platforms)
        if (platform := platforms.get(source.get("platform", ""))) is not None:
            yield from _signed(f"sources.{name}", source, platform, written["sources"][name])
            yield from subscriptions.faults(f"sources.{name}", source, platform, read)
    yield from _secrets(sources)
    yield from _domains(sources)


def _account(path: str, account: Tables) -> Iterator[Fault]:
    way = account.get("suspend_with")
    for choice, table in (("hosted-email", "hosted_email"), ("commands", "commands")):
        if way == choice and account.get(table, {}) is None:
            yield f"{path}.{table}", f'is missing; suspend_with = "{choice}" needs it'
    if way not in ("commands", None) and account.get("commands"):
        yield (
            f"{path}.commands",
            f'is for suspend_with = "commands" only, but that is "{way}"; change it or remove this',
        )
    if account.get("environment") == "live":
        places = ((path, account), (f"{path}.hosted_email", account.get("hosted_email") or {}))
        for place, table_read in places:
            endpoint = table_read.get("endpoint", "")
            if urlsplit(endpoint).hostname in TEST_HOSTS:
                yield (
                    f"{place}.endpoint",
                    'is the test system, but environment = "live"; correct one of them',
                )
            if is_loopback(endpoint):
                yield (
                    f"{place}.endpoint",
                    'is on this machine, where live credentials never go; use environment = "test"',
                )


def _live_host(path: str, account: Tables) -> Iterator[Fault]:
    """With Enom's own API a test account may have live hosted email: the default always was."""
    if (account.get("backend"), account.get("environment")) != ("hosted-email", "test"):
        return
    if (
        urlsplit(account.get("hosted_email", {}).get("endpoint", "")).hostname
        in hosted_email.LIVE_HOSTS
    ):
        test = f"https://{hosted_email.TEST_HOST}/api"
        yield (
            f"{path}.hosted_email.endpoint",
            (
                'is a live system, but environment = "test"; set '
                f'it to "{test}", or environment to "live"'
            ),
        )


def _grace(read: Tables) -> Iterator[Fault]:
    if not read.get("safety", {}).get("terminate_grace_days"):
        return
    for name, account in read.get("accounts", {}).items():
        if account.get("suspend_with") in ("lock-out", "refuse"):
            yield (
                "safety.terminate_grace_days",
                f"needs a real suspension, but accounts.{name}.suspend_with is "
                f'"{account["suspend_with"]}"; '
                "set this to 0, or choose another suspend_with",
            )


def _bridge(bridge: Tables) -> Iterator[Fault]:
    listen = bridge.get("listen")
    if listen and listen.port and listen == bridge.get("metrics_listen"):
        yield (
            "bridge.metrics_listen",
            'is the same as bridge.listen; give it another port, or "" to switch it off',
        )


def _admin(admin: Tables, bridge: Tables) -> Iterator[Fault]:
    if admin.get("user_header") and bridge.get("trusted_proxies", "-") == ():
        yield (
            "admin.user_header",
            "needs a trusted proxy, and there is none; name it in bridge.trusted_proxies",
        )
    if admin.get("user_admins") and not admin.get("user_header", "-"):
        yield (
            "admin.user_admins",
            (
                "has no effect without admin.user_header; set that, "
                'such as "X-Forwarded-User", or remove this'
            ),
        )
    if admin.get("notify", "").startswith("mailto:") and admin.get("smtp", "-") == "":
        yield (
            "admin.smtp",
            'is empty, but admin.notify is a mail address; set it, such as "smtp://user@host:587"',
        )


def _account_of(path: str, source: Tables, accounts: Collection[str]) -> Iterator[Fault]:
    account = source.get("account")
    if account is not None and account not in accounts:
        meant = did_you_mean(account, accounts)
        remedy = f"{meant} Otherwise add" if meant else "add"
        yield (
            f"{path}.account",
            f"names no account; {remedy} [accounts.{account}] or correct the name",
        )


def _source(path: str, source: Tables, platforms: Collection[str]) -> Iterator[Fault]:
    platform = source.get("platform")
    if platform is not None and platform not in platforms:
        yield (
            f"{path}.platform",
            f"is not a known platform; known are: {', '.join(sorted(platforms))}",
        )
    callback = source.get("callback", "")
    if source.get("events") and source.get("callback", "-") == "":
        yield f"{path}.events", "need a callback; set it, or remove this"
    if callback.startswith("http:") and not (
        source.get("callback_loopback") and is_loopback(callback)
    ):
        yield (
            f"{path}.callback",
            (
                "must begin with https://; http:// works only to this machine, with "
                "callback_loopback = true"
            ),
        )


def _signed(path: str, source: Tables, platform: Platform, written: Tables) -> Iterator[Fault]:
    own, secrets = own_webhooks(platform) is not None, source.get("secrets", ())
    # Else one of them could not be read, and the places of the others are not known.
    whole = bool(secrets) and len(secrets) == len(written["secrets"])
    for number, secret in enumerate(secrets):
        try:
            key_of(platform, secret.reveal())
        except ValueError as fault:
            place = f"[{number}]" if whole else ""
            yield f"{path}.secrets{place}", str(fault) if own else OUR_FORM
    if own and "signature" in written:
        yield (
            f"{path}.signature",
            f"is for our own format only, and {source['platform']} signs its own way; remove this",
        )


def _secrets(sources: Tables) -> Iterator[Fault]:
    owners: dict[str, str] = {}
    for name, source in sources.items():
        for secret in source.get("secrets", ()):
            if owners.setdefault(secret.reveal().rstrip("="), name) != name:
                other = owners[secret.reveal().rstrip("=")]
                yield (
                    f"sources.{name}.secrets",
                    f"contains a secret of sources.{other}; give each source its own",
                )


def _domains(sources: Tables) -> Iterator[Fault]:
    for name, source in sources.items():
        domains, path = set(source.get("domains", ())), f"sources.{name}.domains"
        if "*" in domains and len(domains) > 1:
            yield path, 'mixes "*" with domains; name the domains, or use only "*"'
        for other, rival in sources.items():
            if (
                other == name
                or rival.get("account") != source.get("account")
                or source.get("account") is None
            ):
                continue
            if "*" in domains:
                yield (
                    path,
                    (
                        f'must not be ["*"], because sources.{other} uses the same account; name '
                        "the domains of each"
                    ),
                )
            elif name > other and (shared := domains & set(rival.get("domains", ()))):
                yield (
                    path,
                    (
                        f"shares {', '.join(sorted(shared))} with sources.{other}; a domain "
                        "belongs to one source"
                    ),
                )
