"""`enom-bridge doctor --probe`: what the test environment shows, and when."""

import secrets

import click

from bridge.cli.show import echo_json
from bridge.config import AccountSettings, HostedEmailAccountSettings
from bridge.diagnostics.probe import Measured, Probe
from bridge.domain.errors import BridgeError
from bridge.domain.model import Address
from bridge.wiring import Service
from hooks.address import normalise


def run(
    ctx: click.Context,
    service: Service,
    account: str | None,
    domain: str | None,
    patience: float,
    as_json: bool,
) -> None:
    chosen = _account(service, account)
    address = _address(domain)
    used = service.accounts[chosen.name]
    probe = Probe(used.backend, used.terms, address, secrets.choice, patience)
    probe.tries_sign_in = isinstance(chosen, HostedEmailAccountSettings)
    if not as_json:
        click.echo(
            f"Probing account {chosen.name} with {address}. Each step may take up to "
            f"{patience:g} s."
        )
    refusal = None
    try:
        for step in probe.run():
            if not as_json:
                click.echo(f"  {_in_words(step)}")
    except BridgeError as error:
        refusal = error.detail
    settle = probe.settle()
    if as_json:
        steps = [vars(step) for step in probe.measured]
        echo_json(
            {
                "address": str(address),
                "steps": steps,
                "reads_show": probe.shows,
                "settle": settle,
                "proves_passwords": probe.proves,
                "problem": refusal,
            }
        )
    elif refusal is None:
        click.echo(
            f"Reads show: {', '.join(probe.shows) or 'nothing'}.\n{_conclusion(chosen, settle)}"
        )
        if probe.tries_sign_in:
            click.echo(_of_passwords(probe))
    if refusal is not None:
        click.echo(f"Error: {refusal}", err=True)
        if probe.measured:
            click.echo(f"Check at the mail provider whether {address} was left behind.", err=True)
    ctx.exit(1 if refusal is not None or settle is None else 0)


def _account(service: Service, name: str | None) -> AccountSettings:
    known = service.settings.accounts
    if name is None and len(known) == 1:
        name = next(iter(known))
    if name is None or name not in known:
        raise click.UsageError(
            f"--account: say which one; the configuration has {', '.join(sorted(known)) or 'none'}"
        )
    if known[name].environment != "test":
        text = (
            f"Account {name} is live. --probe works in the mail provider's test environment only: "
            "it creates and deletes a mailbox."
        )
        raise click.ClickException(text)
    return known[name]


def _address(domain: str | None) -> Address:
    if domain is None:
        raise click.UsageError(
            "--probe needs --domain: a domain of that account with a free mailbox slot"
        )
    try:
        return Address.parse(normalise(f"probe-{secrets.token_hex(4)}@{domain}"))
    except ValueError as fault:
        raise click.UsageError(f"--domain: {fault}") from None


def _in_words(step: Measured) -> str:
    said = (
        "The mail provider accepted it" if step.said == "yes" else f"no clear answer ({step.said})"
    )
    if step.step.startswith("sign in"):
        worked = f"it worked after {step.lag:g} s." if step.lag is not None else step.said
        return f"{step.step}: {step.command}, {worked}"
    if step.lag is not None:
        return f"{step.step}: {step.command}, {said}; a read showed it {step.lag:g} s later."
    none = "no read showed it in time." if step.readable else "no read can show it."
    return f"{step.step}: {step.command}, {said}; {none}"


def _of_passwords(probe: Probe) -> str:
    if probe.proves:
        return (
            "A sign-in proved the password, and a wrong one locked nothing: prove_passwords works."
        )
    return "No sign-in proved the password: leave prove_passwords off."


def _conclusion(account: AccountSettings, settle: int | None) -> str:
    if settle is None:
        return (
            "Not every step could be confirmed. A test environment that provisions nothing can show "
            "no more; keep `settle` as it is and check again when the account is live."
        )
    return (
        f"Every step was confirmed. Suggested for [accounts.{account.name}]: settle = {settle} "
        f"(now {account.settle:g})."
    )
