"""`enom-bridge pause|resume account A|source S`: what may go on at all."""

from collections.abc import Mapping

import click

from bridge.cli.session import operator, session
from bridge.cli.show import as_json, echo_json
from bridge.reporting.notes import compared
from bridge.reporting.refusals import refusal
from bridge.store.queue.account_state import PERSON, RESTORED
from bridge.wiring import Service

_kind = click.argument("kind", type=click.Choice(["account", "source"]))
_name = click.argument("name")
PAUSED: Mapping[str, str] = {
    "account": "Its jobs wait, hooks are still accepted. Running jobs finish first.",
    "source": (
        "Its hooks are answered 503, so billing sends them "
        "again later. Jobs already accepted still run."
    ),
}
RESUMED: Mapping[str, str] = {
    "account": "Its jobs continue, purchases too.",
    "source": "Its hooks are accepted.",
    "suspensions": "The count restarts; billing sends the refused ones again.",
    RESTORED: (
        "Jobs continue; purchases wait until reads from the mail provider "
        "show everything bought before the restore."
    ),
}
ENDED: Mapping[str, str] = {
    PERSON: "The pause by an admin has ended.",
    "credentials": "The pause after a refused login has ended.",
    "ip_not_allowed": "The pause after a refused IP address has ended.",
}


@click.command()
@_kind
@_name
@click.option("--reason", default="Paused by an admin.", help="Shown wherever the pause is shown.")
@as_json
@click.pass_context
def pause(ctx: click.Context, kind: str, name: str, reason: str, as_json: bool) -> None:
    """Pause an account (its jobs wait, hooks are still accepted) or a source (its hooks are
    answered 503)."""
    with session(ctx) as service:
        service.account_state.know(service.settings.accounts, service.settings.sources)
        if kind == "account":
            changed = operator(service).pause_account(name, reason)
        else:
            changed = operator(service).pause_source(name, True, reason)
    how = "paused" if changed else "was already paused by an admin"
    text = (
        f"{kind.capitalize()} {name} {how}. {PAUSED[kind]}\nTo "
        f"resume: enom-bridge resume {kind} {name}"
    )
    _say(kind, name, True, text, as_json)


@click.command()
@_kind
@_name
@as_json
@click.pass_context
def resume(ctx: click.Context, kind: str, name: str, as_json: bool) -> None:
    """Resume a paused account or source.

    After `db restore`, run `reconcile` first. Exit code 1: it is still paused.
    """
    with session(ctx) as service:
        service.account_state.know(service.settings.accounts, service.settings.sources)
        if kind == "source":
            return _say(kind, name, False, _resume_source(service, name), as_json)
        resumed = operator(service).resume_account(name)
        last = service.findings.last(name) if RESTORED in resumed.ended else None
        left = operator(service).not_compared(name)
    if resumed.left:
        over = " ".join(ENDED[code] for code in resumed.ended)
        left = left or refusal("restore_not_compared", account=name)
        _say(kind, name, True, f"Account {name} is still paused. {over}\n{left}", as_json)
        ctx.exit(1)
    text = f"Account {name} resumed. {RESUMED[RESTORED if last else kind]}"
    _say(kind, name, False, f"{text}\n{compared(last)}" if last else text, as_json)


def _resume_source(service: Service, name: str) -> str:
    """What a person paused first; else what stopped its suspensions. Gives what became of it."""
    before = service.account_state.source_state(name)
    if not operator(service).pause_source(name, False):
        return f"Source {name} was not paused. {RESUMED['source']}"
    after = service.account_state.source_state(name)
    if after["suspensions_paused"] is not None:
        still = (
            f"Its suspensions are still refused ({after['suspensions_paused']}); to accept them, "
            "run this command again."
        )
        return f"Source {name} resumed. {RESUMED['source']}\n{still}"
    if before["suspensions_paused"] is not None:
        return f"Suspensions of source {name} are accepted again. {RESUMED['suspensions']}"
    return f"Source {name} resumed. {RESUMED['source']}"


def _say(kind: str, name: str, paused: bool, text: str, as_json: bool) -> None:
    if as_json:
        return echo_json({kind: name, "paused": paused})
    click.echo(text)
