"""`enom-bridge doctor`: everything that must be right outside the program, one line each, with
the remedy."""

import click

from bridge.cli import probe
from bridge.cli.config import settings_of
from bridge.cli.session import opened
from bridge.cli.show import as_json, echo_json, word
from bridge.diagnostics.check_result import CheckResult
from bridge.diagnostics.doctor import Doctor

COLOURS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


@click.command()
@click.option(
    "--probe",
    "measure",
    is_flag=True,
    help="Measure how the mail provider's test environment behaves instead; needs --domain.",
)
@click.option(
    "--domain",
    help="With --probe: a domain of that account with a free mailbox slot and nothing else in use.",
)
@click.option("--account", help="With --probe: the account, if there are several.")
@click.option(
    "--patience",
    type=click.FloatRange(1),
    default=300,
    show_default=True,
    help="With --probe: seconds to wait for each read.",
)
@as_json
@click.pass_context
def doctor(
    ctx: click.Context,
    measure: bool,
    domain: str | None,
    account: str | None,
    patience: float,
    as_json: bool,
) -> None:
    """Check configuration, database, mail provider, callback URLs and alerts. Changes nothing.

    Exit code 0 if no check fails (warnings do not count), 1 if one does, 2 if the configuration cannot be read.

    --probe creates a mailbox in the TEST environment, suspends, unsuspends and deletes it, and measures how long reads
    take to show each step and which value of `settle` fits. It buys nothing.
    """
    settings = settings_of(ctx)
    with opened(settings) as service:
        if measure:
            return probe.run(ctx, service, account, domain, patience, as_json)
        findings = []
        for finding in Doctor(service).findings():
            findings.append(finding)
            if not as_json:
                show_line(finding)
    failed = [finding.about for finding in findings if finding.level == "FAIL"]
    if as_json:
        echo_json({"ok": not failed, "checks": [vars(finding) for finding in findings]})
    ctx.exit(1 if failed else 0)


def show_line(finding: CheckResult) -> None:
    remedy = f" {finding.remedy}" if finding.remedy else ""
    click.echo(
        f"{click.style(f'{finding.level:4}', COLOURS[finding.level])}  {finding.about}: "
        f"{word(finding.text + remedy)}"
    )
