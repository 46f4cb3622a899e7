"""`enom-bridge admin-link|admin-password`: ways in to the pages, for whoever may read the
configuration."""

import json

import click

from bridge.cli.session import operator, session, who
from bridge.cli.show import as_json, echo_json
from bridge.web.admin import passwords, sign_in_code


@click.command("admin-link")
@click.option(
    "--minutes",
    type=click.IntRange(1, 1440),
    default=15,
    show_default=True,
    help="How long the link is valid.",
)
@click.option("--read-only", is_flag=True, help="View only: the link cannot change anything.")
@as_json
@click.pass_context
def admin_link(ctx: click.Context, minutes: int, read_only: bool, as_json: bool) -> None:
    """Print a link that signs in to the admin pages once.

    Its secret is after the #, so no proxy sees it.
    """
    with session(ctx) as service:
        until = service.database.clock() + 60 * minutes
        code = sign_in_code.make(
            service.sealer, who().replace("(command line)", "(link)"), not read_only, until
        )
        operator(service).noted(
            "admin-link", "pages", f"{'read-only, ' if read_only else ''}{minutes} minutes"
        )
        url = f"{service.settings.bridge.public_url}/admin/sign-in#{code}"
    if as_json:
        return echo_json({"url": url, "code": code, "minutes": minutes, "read_only": read_only})
    click.echo(url)
    click.echo(f"The link works once, within {minutes} minutes. Do not share it.", err=True)


@click.command("admin-password")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def admin_password(as_json: bool) -> None:
    """Ask for a password twice, without showing it, and print the hash for admin.password_hash."""
    password = click.prompt(
        "Password for the admin pages", hide_input=True, confirmation_prompt=True, err=True
    )
    try:
        made = passwords.hashed(password)
    except ValueError as fault:
        raise click.ClickException(f"The password {fault}.") from None
    click.echo(json.dumps({"hash": made}) if as_json else made)
