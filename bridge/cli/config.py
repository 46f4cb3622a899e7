"""`enom-bridge config show|check`: what is in force, and everything that is wrong with it."""

import json
import os
from collections.abc import Iterator
from typing import Any

import click

from bridge.config import ConfigurationError, Settings, describe, find, load
from bridge.infra.crypto import Sealer, note_secret
from hooks.signing import new_secret

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Misconfigured(click.ClickException):
    """Ends a command with exit code 2 and every fault on a line of its own."""

    exit_code = 2

    def __init__(self, error: ConfigurationError) -> None:
        lines = "".join(f"\n  {key}: {sentence}" for key, sentence in error.faults)
        super().__init__(f"the configuration cannot be used:{lines}")
        self.faults = error.faults


def settings_of(ctx: click.Context) -> Settings:
    """The settings that the group's `--config` leads to. Raises Misconfigured."""
    try:
        return _load(ctx)
    except ConfigurationError as error:
        raise Misconfigured(error) from None


def _load(ctx: click.Context) -> Settings:
    return load(find((ctx.obj or {}).get("config"), os.environ), os.environ)


@click.group()
def config() -> None:
    """Show or check the configuration."""


@config.command()
@_json
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Print the effective settings: defaults filled in, secrets masked."""
    plain = describe(settings_of(ctx))
    click.echo(json.dumps(plain, indent=2) if as_json else "\n".join(_lines(plain)))


@config.command()
@_json
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """List every fault of the configuration and how to fix it."""
    try:
        settings = _load(ctx)
    except ConfigurationError as error:
        if not as_json:
            raise Misconfigured(error) from None
        faults = [{"key": key, "message": sentence} for key, sentence in error.faults]
        click.echo(json.dumps({"ok": False, "faults": faults, "warnings": []}, indent=2))
        ctx.exit(2)
    if as_json:
        click.echo(
            json.dumps({"ok": True, "faults": [], "warnings": list(settings.warnings)}, indent=2)
        )
        return
    for warning in settings.warnings:
        click.echo(f"warning: {warning}")
    count = (
        f"accounts: {len(settings.accounts)}, sources: {len(settings.sources)}, plans: "
        f"{len(settings.plans)}"
    )
    click.echo(f"{settings.path} is valid ({count}).")


@config.command("note-secret")
@_json
@click.pass_context
def show_note_secret(ctx: click.Context, as_json: bool) -> None:
    """Print the secret that signs alerts sent to `admin.notify`, for its receiver.

    It changes with bridge.keys.
    """
    secret = new_secret(note_secret(Sealer(settings_of(ctx).bridge.key_bytes())))
    click.echo(json.dumps({"secret": secret}) if as_json else secret)


def _lines(table: dict[str, Any], path: str = "") -> Iterator[str]:
    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    for key, value in table.items():
        if key not in tables:
            yield f"{key} = {'(none)' if value is None else json.dumps(value, ensure_ascii=False)}"
    for key, inner in tables.items():
        name = f"{path}.{key}".lstrip(".")
        if not inner or not all(isinstance(value, dict) for value in inner.values()):
            yield from ("", f"[{name}]")
        yield from _lines(inner, name)
