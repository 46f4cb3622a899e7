"""The accounts and sources of the settings, as the running bridge uses them."""

from collections.abc import Mapping
from typing import cast

from bridge import config
from bridge.backends import BACKENDS
from bridge.backends.enom import EnomAccount
from bridge.domain.account import Account
from bridge.domain.model import Terms
from bridge.domain.ports import Backend, Clock
from bridge.domain.source import ANY, ApiAccess, CallbackEndpoint, Source
from bridge.infra.events import Events
from bridge.infra.http_client import HttpClient
from bridge.maildns.expected import ExpectedDns
from hooks import PLATFORMS, Platform, key_of, signing, subscriptions
from hooks.types import EventMap

DAY = 86400.0


def accounts_of(
    settings: config.Settings, outgoing: HttpClient, clock: Clock, events: Events
) -> dict[str, Account]:
    named: dict[str, set[str]] = {name: set() for name in settings.accounts}
    for source in settings.sources.values():
        named[source.account] |= set(source.domains) - {ANY}
    made = {
        name: backend(each, settings.plans, outgoing, clock, events)
        for name, each in settings.accounts.items()
    }
    return {
        name: Account(
            name=name,
            backend=made[name],
            terms=terms_of(account, settings, made[name]),
            settle=account.settle,
            call_limit=account.timeout,
            max_in_flight=account.max_in_flight,
            observe_only=account.mode == "observe",
            domains=frozenset(named[name]),
        )
        for name, account in settings.accounts.items()
    }


def sources_of(settings: config.Settings) -> dict[str, Source]:
    return {name: source_of(source) for name, source in settings.sources.items()}


def source_of(source: config.SourceSettings) -> Source:
    platform = PLATFORMS[source.platform]
    secrets = tuple(key_of(platform, secret.reveal()) for secret in source.secrets)
    return Source(
        name=source.name,
        platform=platform,
        account=source.account,
        secrets=secrets,
        scheme=cast(signing.Scheme, source.signature),
        domains=frozenset(source.domains),
        callback=CallbackEndpoint(source.callback, secrets[-1]),
        allow_from=source.allow_from,
        event_map=EventMap(source.map, source.when),
        api=api_access(source, platform),
    )


def api_access(source: config.SourceSettings, platform: Platform) -> ApiAccess:
    known = subscriptions(platform)
    if known is None or source.api is None:
        return ApiAccess()
    return ApiAccess(source.api.endpoint or known.api.ENDPOINT, source.api.key.reveal())


def backend(
    account: config.AccountSettings,
    plans: Mapping[str, config.Plan],
    outgoing: HttpClient,
    clock: Clock,
    events: Events,
) -> Backend:
    """What works for this account: nothing else asks which it is."""
    if isinstance(account, config.EnomAccountSettings):
        return enom(account, plans, outgoing, clock, events)
    if isinstance(account, config.HostedEmailAccountSettings):
        return BACKENDS["hosted-email"](
            account.account(), outgoing, clock, events, name=account.name, timeout=account.timeout
        )
    raise TypeError(f"nothing makes a backend of {type(account).__name__}")


def enom(
    account: config.EnomAccountSettings,
    plans: Mapping[str, config.Plan],
    outgoing: HttpClient,
    clock: Clock,
    events: Events | None = None,
) -> Backend:
    hosted, commands = account.hosted_email, account.commands
    settings = EnomAccount(
        name=account.name,
        uid=account.uid,
        token=account.token.reveal(),
        endpoint=account.endpoint,
        suspend_with=account.suspend_with,
        timeout=account.timeout,
        purchase=account.purchase,
        hosted_email=hosted.account() if hosted else None,
        commands={"suspend": commands.suspend, "unsuspend": commands.unsuspend}
        if commands
        else None,
        plans={name: plan.quota_gb << 30 for name, plan in plans.items()},
    )
    return BACKENDS["enom"](settings, outgoing, clock, events=events)


def terms_of(account: config.AccountSettings, settings: config.Settings, backend: Backend) -> Terms:
    return Terms(
        suspend_with=account.suspend_with,
        products=backend.products,
        services=tuple(backend.services),
        hosted_email=account.hosted_email is not None,
        plans={name: plan.quota_gb << 30 for name, plan in settings.plans.items()},
        grace=settings.safety.terminate_grace_days * DAY,
    )


def wanted(settings: config.Settings) -> Mapping[str, ExpectedDns]:
    return {
        name: ExpectedDns(account.mail_hosts, account.spf_includes)
        for name, account in settings.accounts.items()
    }
