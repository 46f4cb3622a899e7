"""`enom-bridge keys new|rotate`: a key for bridge.keys, and what is stored under older ones
brought under it."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping

import click

from bridge.cli.session import session
from bridge.cli.show import as_json, echo_json
from bridge.domain.model import day_after, to_rfc3339
from bridge.store import Rotation, Survey, Tally


@click.group()
def keys() -> None:
    """Encryption keys of stored data: make a new one, rotate."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def new(as_json: bool) -> None:
    """Print a new key, to add at the end of bridge.keys. It is not saved anywhere."""
    key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    click.echo(json.dumps({"key": key}) if as_json else key)


@keys.command()
@as_json
@click.pass_context
def rotate(ctx: click.Context, as_json: bool) -> None:
    """Re-encrypt stored data with the newest key, and say how long the older keys are needed.

    Reload the bridge with the newest key first; the bridge may keep running, and the command may be repeated. It refuses
    while a worker does not have the newest key; it cannot see processes that only receive hooks (`web`).
    Exit code 1 if something could not be decrypted.
    """
    with session(ctx) as service:
        rotation = Rotation(service.database, service.sealer, service.settings.bridge.keep_days)
        done, after = rotation.rotate(), rotation.survey()
        single = len(service.sealer.key_ids) == 1
    lost = any(tally.lost for tally in done.values())
    if as_json:
        echo_json(_plain(done, after))
    else:
        for what, tally in done.items():
            click.echo(
                f"{what}: {tally.older} re-encrypted, {tally.newest} already under the newest key."
            )
            for name in tally.lost:
                click.echo(f"  {name} cannot be decrypted: no key in bridge.keys fits.", err=True)
        for line in _older(after, single):
            click.echo(line)
        if lost:
            click.echo(
                "Put the missing key back before the newest one and try again. "
                "Without it, billing must send these passwords again.",
                err=True,
            )
    ctx.exit(1 if lost else 0)


def _older(after: Survey, single: bool) -> Iterator[str]:
    if after.older_needed_until is not None:
        yield (
            f"{after.hooks_older} hook(s) need an older key to be recognised if they are "
            "repeated. Keep the older keys in "
            f"bridge.keys until {day_after(after.older_needed_until)}."
        )
    elif single:
        yield (
            "bridge.keys has one key. To replace it: add a new one at the end (enom-bridge keys "
            "new), reload, run this again."
        )
    else:
        yield "The older keys are no longer needed: remove them from bridge.keys and reload."
    if not single:
        last = (
            f" The last hook under an older key is from {to_rfc3339(after.older_last_used)}."
            if after.older_last_used
            else ""
        )
        yield (
            "This command cannot see processes that only receive hooks (enom-bridge web). One "
            "that was not reloaded still "
            f"writes under an older key.{last} Reload each, then run this command again before "
            "you remove a key: it must "
            "then report nothing re-encrypted."
        )
    if after.gone_until is not None:
        yield (
            f"{after.hooks_gone} hook(s) were recorded under a key that was removed: if one is "
            "repeated before "
            f"{day_after(after.gone_until)}, it is answered 409."
        )
    for count, when in (
        (after.passwords_older, "Without them"),
        (after.passwords_gone, "Because a key was removed"),
    ):
        if count:
            yield (
                f"{when}, the bridge cannot compare the last password of {count} mailbox(es): the "
                "next create or password "
                "change sets it again."
            )


def _plain(done: Mapping[str, Tally], after: Survey) -> dict[str, object]:
    sealed = {what.replace(" ", "_"): vars(tally) for what, tally in done.items()}
    until = {
        "older_last_used": after.older_last_used,
        "older_needed_until": after.older_needed_until,
        "gone_until": after.gone_until,
    }
    counted = {name: value for name, value in vars(after).items() if name not in ("sealed", *until)}
    return {
        **sealed,
        **counted,
        **{name: value and to_rfc3339(value) for name, value in until.items()},
    }
