"""`enom-bridge keys new|rotate`: a key for bridge.keys, and what is stored under older ones brought under it."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping

import click

from bridge.cli.session import session
from bridge.cli.show import as_json, echo_json
from bridge.domain.model import day_after, in_words
from bridge.store import Rotation, Survey, Tally


@click.group()
def keys() -> None:
    """Keys that what is stored is encrypted with: make a new one, rotate."""


@keys.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def new(as_json: bool) -> None:
    """Print a fresh key, to be put at the end of bridge.keys. It is written nowhere."""
    key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    click.echo(json.dumps({"key": key}) if as_json else key)


@keys.command()
@as_json
@click.pass_context
def rotate(ctx: click.Context, as_json: bool) -> None:
    """Encrypt what is stored under an older key with the newest one, and say how long the older ones are needed.

    Safe beside a running bridge that was reloaded with the newest key; may be stopped and given again. It sees a worker that
    was not reloaded, and refuses; a process that only takes hooks (`web`) it cannot see.
    Exit code 1 if something could not be opened.
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
            click.echo(f"{what}: {tally.older} encrypted anew, {tally.newest} under the newest key already.")
            for name in tally.lost:
                click.echo(f"  {name} cannot be opened: no key of bridge.keys fits.", err=True)
        for line in _older(after, single):
            click.echo(line)
        if lost:
            click.echo(
                "Put the missing key back before the newest and try again; else these passwords are needed anew.", err=True
            )
    ctx.exit(1 if lost else 0)


def _older(after: Survey, single: bool) -> Iterator[str]:
    if after.older_needed_until is not None:
        yield (
            f"{after.hooks_older} hook(s) are recognised by an older key if they are repeated, and their text is not kept to "
            f"change that. Keep the older keys in bridge.keys until {day_after(after.older_needed_until)}."
        )
    elif single:
        yield "bridge.keys has one key. To change it: put a new one at the end (enom-bridge keys new), reload, try again."
    else:
        yield "Nothing needs the older keys: take them out of bridge.keys and reload."
    if not single:
        last = f" The last hook under an older key came {in_words(after.older_last_used)}." if after.older_last_used else ""
        yield (
            "A process that only takes hooks (enom-bridge web) is not seen from here. One that was not reloaded with the "
            f"newest key goes on writing under an older one.{last} Reload each, and give this command once more before you "
            "take a key out: it then has to encrypt nothing anew."
        )
    if after.gone_until is not None:
        yield (
            f"{after.hooks_gone} hook(s) were recognised by a key that is gone: if one is repeated before "
            f"{day_after(after.gone_until)}, it is answered 409."
        )
    for count, when in ((after.passwords_older, "Without them"), (after.passwords_gone, "As a key is gone")):
        if count:
            yield (
                f"{when}, the bridge cannot tell of {count} mailbox(es) whether a password is the one that it set last: the "
                "next create or change of password sets it once more."
            )


def _plain(done: Mapping[str, Tally], after: Survey) -> dict[str, object]:
    sealed = {what.replace(" ", "_"): vars(tally) for what, tally in done.items()}
    until = {
        "older_last_used": after.older_last_used,
        "older_needed_until": after.older_needed_until,
        "gone_until": after.gone_until,
    }
    counted = {name: value for name, value in vars(after).items() if name not in ("sealed", *until)}
    return {**sealed, **counted, **{name: value and in_words(value) for name, value in until.items()}}
