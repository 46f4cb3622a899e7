"""`enom-bridge conformance`: whether a bridge and a receiver do what a sender of our format relies
on."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain

import click

from bridge.cli.config import settings_of
from bridge.cli.doctor import show_line
from bridge.cli.send import MARGIN, bases_of, own_secret
from bridge.cli.session import opened
from bridge.cli.show import as_json, echo_json
from bridge.config import Settings, SourceSettings
from bridge.diagnostics.check_result import CheckResult
from bridge.diagnostics.conformance import Conformance, Headers, came_from, harmless
from bridge.domain.source import ANY
from bridge.infra.http_client import HttpClient, Lost, NotSent, Reply
from hooks import PLATFORMS

WAIT = 10  # seconds that the bridge may hold the answer to the hook


@click.command()
@click.argument("source")
@click.option("--domain", help="A mail domain that the source may use. Default: its first.")
@click.option(
    "--url", help="URL of the bridge. Default: `listen`, then `public_url` of the configuration."
)
@as_json
@click.pass_context
def conformance(
    ctx: click.Context, source: str, domain: str | None, url: str | None, as_json: bool
) -> None:
    """Try what a sender of hooks relies on against a running bridge, and whether the source's
    receiver of callbacks checks them.

    For whoever writes a sender. At the end it says which types of hooks yours has not sent yet.
    Nothing is bought or changed: the account must be in observe mode or use the simulator, and the
    only hook terminates a mailbox that does not exist. Exit code 0 if all holds (warnings do not
    count), 1 if something does not, 2 if the source cannot be tried.
    """
    settings = settings_of(ctx)
    outgoing = HttpClient()
    try:
        suite = suite_of(settings, source, domain, url, outgoing)
        results = []
        for result in chain(suite.results(), recorded(settings, source)):
            results.append(result)
            if not as_json:
                show_line(result)
    except (NotSent, Lost) as fault:
        raise click.ClickException(f"the bridge gave no answer: {fault}") from None
    finally:
        outgoing.close()
    failed = [result.about for result in results if result.level == "FAIL"]
    if as_json:
        echo_json({"ok": not failed, "checks": [vars(result) for result in results]})
    elif failed:
        click.echo(f"{len(failed)} of {len(results)} do not hold: {'; '.join(failed)}.", err=True)
    ctx.exit(1 if failed else 0)


def suite_of(
    settings: Settings, name: str, domain: str | None, url: str | None, outgoing: HttpClient
) -> Conformance:
    """Raises UsageError where this source must not, or cannot, be tried."""
    source = settings.sources.get(name)
    if source is None:
        known = ", ".join(settings.sources) or "none"
        raise click.UsageError(f"no source {name!r} in {settings.path} (there: {known})")
    key = own_secret(source)
    account = settings.accounts[source.account]
    if not harmless(account):
        raise click.UsageError(
            f"the account {account.name} of {name} acts at a mail provider, and this sends hooks; "
            'set its mode to "observe", or use a source with the simulator (enom-bridge sim)'
        )
    wait = min(WAIT, int(settings.bridge.wait_limit))
    base = reached(bases_of(settings, url), outgoing)

    def to_bridge(path: str, body: bytes, headers: Headers) -> Reply:
        return outgoing.post(f"{base}/{path}/{name}", body, headers, timeout=wait + MARGIN)

    def to_receiver(body: bytes, headers: Headers) -> Reply:
        return outgoing.post(source.callback, body, headers, timeout=MARGIN)

    return Conformance(
        platform=PLATFORMS[source.platform],
        key=key,
        scheme=source.signature,
        domain=domain_of(source, domain),
        observes=account.mode == "observe",
        wait=wait,
        bridge=to_bridge,
        receiver=to_receiver if source.callback else None,
        clock=time.time,
    )


def recorded(settings: Settings, source: str) -> Iterator[CheckResult]:
    """What the database says of the sender, where this machine has that database."""
    with opened(settings) as service:
        if service.database.absent():
            text = "What it has sent was not looked at: the bridge's database is not here."
            yield CheckResult("warn", "your sender", text)
            return
        yield from came_from(service.lookup, service.sources[source].platform, source)


def reached(bases: Sequence[str], outgoing: HttpClient) -> str:
    """The first at which something answers; the last where nothing does."""
    for base in bases[:-1]:
        with suppress(NotSent, Lost):
            outgoing.get(f"{base}/healthz", timeout=MARGIN)
            return base
    return bases[-1]


def domain_of(source: SourceSettings, given: str | None) -> str:
    if given is None and ANY in source.domains:
        raise click.UsageError("--domain is needed, because this source may use any domain")
    if given is not None and ANY not in source.domains and given not in source.domains:
        raise click.UsageError(f"--domain: not one that {source.name} may use")
    return given or source.domains[0]
