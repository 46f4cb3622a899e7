"""`enom-bridge pause|resume account A|source S`: what may go on at all."""

from collections.abc import Mapping

import click

from bridge.cli.session import people, session
from bridge.cli.show import as_json, echo_json
from bridge.reporting.notes import compared
from bridge.reporting.refusals import refusal
from bridge.store.queue.account_state import PERSON, RESTORED
from bridge.wiring import Service

_kind = click.argument("kind", type=click.Choice(["account", "source"]))
_name = click.argument("name")
PAUSED: Mapping[str, str] = {
    "account": "Its jobs wait and hooks are still accepted; what is under way now is finished first.",
    "source": "Its hooks are answered 503, so that it sends them again; jobs that it gave before are still done.",
}
RESUMED: Mapping[str, str] = {
    "account": "Its jobs go on, purchases too.",
    "source": "Its hooks are accepted.",
    "suspensions": "They are counted anew from now on; billing sends again what was refused.",
    RESTORED: "Its jobs go on; purchases as soon as Enom's reads must show what was bought before the restore.",
}
ENDED: Mapping[str, str] = {
    PERSON: "A person paused it: that is over.",
    "credentials": "Enom refused its login: that is taken to be over.",
    "ip_not_allowed": "Enom refused this machine's address: that is taken to be over.",
}


@click.command()
@_kind
@_name
@click.option("--reason", default="Paused by a person.", help="Shown to whoever asks why it is paused.")
@as_json
@click.pass_context
def pause(ctx: click.Context, kind: str, name: str, reason: str, as_json: bool) -> None:
    """Stop sending to Enom for an account (its jobs wait, hooks are still accepted), or accepting from a source (503)."""
    with session(ctx) as service:
        service.standing.know(service.settings.accounts, service.settings.sources)
        if kind == "account":
            changed = people(service).pause_account(name, reason)
        else:
            changed = people(service).pause_source(name, True, reason)
    how = "is paused" if changed else "was paused by a person already"
    text = f"The {kind} {name} {how}. {PAUSED[kind]}\nTo go on: enom-bridge resume {kind} {name}"
    _say(kind, name, True, text, as_json)


@click.command()
@_kind
@_name
@as_json
@click.pass_context
def resume(ctx: click.Context, kind: str, name: str, as_json: bool) -> None:
    """Let a paused account or source go on.

    After `db restore` an account goes on only once it was compared with Enom since. Exit code 1: something still stops it.
    """
    with session(ctx) as service:
        service.standing.know(service.settings.accounts, service.settings.sources)
        if kind == "source":
            return _say(kind, name, False, _resume_source(service, name), as_json)
        resumed = people(service).resume_account(name)
        last = service.findings.last(name) if RESTORED in resumed.ended else None
    if resumed.left:
        over = " ".join(ENDED[code] for code in resumed.ended)
        left = refusal("restore_not_compared", account=name)
        _say(kind, name, True, f"The account {name} is still paused. {over}\n{left}", as_json)
        ctx.exit(1)
    text = f"The account {name} is not paused. {RESUMED[RESTORED if last else kind]}"
    _say(kind, name, False, f"{text}\n{compared(last)}" if last else text, as_json)


def _resume_source(service: Service, name: str) -> str:
    """What a person paused first; else what stopped its suspensions. Gives what became of it."""
    before = service.standing.source_state(name)
    people(service).pause_source(name, False)
    after = service.standing.source_state(name)
    if after["suspensions_paused"] is not None:
        still = f"Its suspensions are still stopped ({after['suspensions_paused']}); to accept them, give this command again."
        return f"The source {name} is not paused. {RESUMED['source']}\n{still}"
    if before["suspensions_paused"] is not None:
        return f"Suspensions of source {name} are accepted again. {RESUMED['suspensions']}"
    return f"The source {name} is not paused. {RESUMED['source']}"


def _say(kind: str, name: str, paused: bool, text: str, as_json: bool) -> None:
    if as_json:
        return echo_json({kind: name, "paused": paused})
    click.echo(text)
