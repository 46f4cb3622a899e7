"""`enom-bridge db upgrade|check|backup|restore`: the schema, and copies of the database."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge import store, wiring
from bridge.cli.config import settings_of
from bridge.cli.session import opened
from bridge.cli.show import as_json, echo_json
from bridge.config import Settings
from bridge.domain.model import to_rfc3339

DATED = "enom-bridge-"
"""How the name of a backup begins that was given a folder; its time follows, so that names sort
by it."""

_file = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """The database: upgrade or check its schema, back it up, restore it."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Upgrade the schema to this version. `serve` on SQLite does it by itself."""
    with opened(settings_of(ctx)) as service:
        if store.check(service.database)[0] is None:
            click.echo(
                "The database is empty; creating new tables. If you expected data here, stop "
                "and check bridge.database."
            )
        wiring.prepare(service)
        click.echo(f"The schema is now {store.check(service.database)[0]}.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Check that the schema is the one this version needs; exit code 1 if not."""
    with opened(settings_of(ctx)) as service:
        present, needed = store.check(service.database)
        fault = "" if present == needed else store.schema_fault(service.database, present, needed)
    if as_json:
        click.echo(json.dumps({"present": present, "needed": needed, "ok": present == needed}))
    elif present == needed:
        click.echo(f"The schema is {present}, as needed.")
    else:
        click.echo(fault)
    ctx.exit(0 if present == needed else 1)


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Where FILE is a folder: keep only the newest KEEP backups in it.",
)
@as_json
@click.pass_context
def backup(ctx: click.Context, file: Path, keep: int | None, as_json: bool) -> None:
    """Back up the database to FILE; the bridge may keep running. The copy is checked and readable
    only by you.

    An existing FILE is not overwritten. If FILE is a folder, the backup is named after the time. PostgreSQL needs pg_dump
    installed here.
    """
    folder = file if file.is_dir() else None
    if keep is not None and folder is None:
        raise click.UsageError(f"--keep needs an existing folder, and {file} is not one")
    settings = settings_of(ctx)
    with opened(settings) as service:
        if folder is not None:
            file = folder / f"{DATED}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        store.Copies(service.database, quiet(settings)).backup(file)
    removed = remove_older(folder, keep) if folder is not None and keep is not None else []
    if as_json:
        return echo_json(
            {
                "file": str(file),
                "bytes": file.stat().st_size,
                "removed": [str(each) for each in removed],
            }
        )
    click.echo(
        f"Backup written and checked: {file} ({file.stat().st_size} bytes, readable only by you)."
    )
    for each in removed:
        click.echo(f"Removed: {each}")
    click.echo(
        f"Do not store it with the keys in {settings.path}: "
        "together they decrypt the stored passwords."
    )


def remove_older(folder: Path, keep: int) -> list[Path]:
    """Removes all but the newest `keep` of the backups that were named by their time; nothing
    else in the folder."""
    named = sorted(
        each for each in folder.iterdir() if re.fullmatch(DATED + r"\d{8}T\d{12}Z", each.name)
    )
    for each in named[:-keep]:
        each.unlink()
    return named[:-keep]


@db.command()
@click.argument("file", type=_file, required=False)
@click.option(
    "--in-place",
    is_flag=True,
    help="The database was already restored by other means (pg_restore, a snapshot); give no FILE.",
)
@as_json
@click.pass_context
def restore(ctx: click.Context, file: Path | None, in_place: bool, as_json: bool) -> None:
    """Replace the database with the backup FILE. Stop the bridge first.

    The old database is kept. After a restore the bridge accepts hooks, but sends nothing to Enom until you have checked and
    resumed its accounts; jobs that were open in the backup are held.
    """
    if in_place == (file is not None):
        raise click.UsageError(
            "give the FILE of a backup, or --in-place if the database was already restored"
        )
    settings = settings_of(ctx)
    with opened(settings) as service:
        copies = store.Copies(service.database, quiet(settings))
        done = copies.restored_in_place() if file is None else copies.restore(file)
    if as_json:
        newest = done.tamed.newest_hook
        return echo_json(
            {**vars(done.tamed), "newest_hook": newest and to_rfc3339(newest), "kept": done.kept}
        )
    for line in _told(done, file):
        click.echo(line)


def quiet(settings: Settings) -> dict[str, float]:
    """For each account the seconds after which every read shows what was done before: as for a
    purchase."""
    return {
        name: account.settle + 2 * account.timeout for name, account in settings.accounts.items()
    }


def _told(done: store.Restored, file: Path | None) -> Iterator[str]:
    tamed = done.tamed
    newest = (
        f"its newest hook is from {to_rfc3339(tamed.newest_hook)}"
        if tamed.newest_hook
        else "it contains no hook"
    )
    yield f"Restored from {file}; {newest}." if file else f"Marked as restored; {newest}."
    if done.kept:
        yield f"The old database is kept: {done.kept}"
    yield (
        f"Paused: {', '.join(tamed.paused) or 'no account'}. "
        "Hooks are accepted, nothing is sent to the mail provider."
    )
    yield (
        f"Held: {len(tamed.held)} job(s) that were open in the backup and may have been done since."
    )
    if tamed.called_off:
        yield "Scheduled deletions called off; have billing terminate again what should go:"
        yield from (f"  {address}" for address in tamed.called_off)
    yield "\nNext (docs/backup.md):"
    steps = {
        "serve": "start the bridge (or web and worker)",
        "reconcile": "compare the record with the mail provider; resume requires it",
        "jobs list --status held": "check each: jobs explain says what to do",
        **{f"resume account {name}": "once you have checked" for name in tamed.paused},
    }
    yield from (f"  enom-bridge {command:<31}  {why}" for command, why in steps.items())
