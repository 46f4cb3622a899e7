"""`enom-bridge db upgrade|check|backup|restore`: the schema, and copies of the database."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from bridge import store, wiring
from bridge.cli.config import settings_of
from bridge.cli.serve import opened
from bridge.cli.show import as_json, echo_json
from bridge.config import Settings
from bridge.domain.model import in_words

DATED = "enom-bridge-"
"""How the name of a backup begins that was given a folder; its time follows, so that names sort by it."""

_file = click.Path(dir_okay=False, path_type=Path)


@click.group()
def db() -> None:
    """The database: upgrade or check its schema, back it up, restore it."""


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    """Bring the schema to this version. `serve` on SQLite does so by itself."""
    with opened(settings_of(ctx)) as service:
        if store.check(service.database)[0] is None:
            click.echo("The database is empty: new tables are made. If there was one before, stop and look where that is.")
        wiring.prepare(service)
        click.echo(f"The schema is at {store.check(service.database)[0]}.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(ctx: click.Context, as_json: bool) -> None:
    """Say whether the schema is the one that this version needs; exit code 1 if not."""
    with opened(settings_of(ctx)) as service:
        present, needed = store.check(service.database)
        fault = "" if present == needed else store.schema_fault(service.database, present, needed)
    if as_json:
        click.echo(json.dumps({"present": present, "needed": needed, "ok": present == needed}))
    elif present == needed:
        click.echo(f"The schema is at {present}, as needed.")
    else:
        click.echo(fault)
    ctx.exit(0 if present == needed else 1)


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="FILE is a folder: of the backups made in it, keep the newest KEEP.")
@as_json
@click.pass_context
def backup(ctx: click.Context, file: Path, keep: int | None, as_json: bool) -> None:
    """Copy the database to FILE, also while the bridge runs. The copy is checked, and readable by you alone.

    An existing FILE is left alone. If FILE is a folder, the backup gets a name with the time in it. PostgreSQL is dumped by its
    own pg_dump, which has to be installed here.
    """
    folder = file if file.is_dir() else None
    if keep is not None and folder is None:
        raise click.UsageError(f"--keep needs a folder that exists, and {file} is none")
    settings = settings_of(ctx)
    with opened(settings) as service:
        if folder is not None:
            file = folder / f"{DATED}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}"
        store.Copies(service.database, quiet(settings)).backup(file)
    removed = remove_older(folder, keep) if folder is not None and keep is not None else []
    if as_json:
        return echo_json({"file": str(file), "bytes": file.stat().st_size, "removed": [str(each) for each in removed]})
    click.echo(f"Written and checked: {file} ({file.stat().st_size} bytes, readable by you alone).")
    for each in removed:
        click.echo(f"Removed: {each}")
    click.echo(f"Keep it apart from the keys of {settings.path}: together they open the stored passwords.")


def remove_older(folder: Path, keep: int) -> list[Path]:
    """Removes all but the newest `keep` of the backups that were named by their time; nothing else in the folder."""
    named = sorted(each for each in folder.iterdir() if re.fullmatch(DATED + r"\d{8}T\d{12}Z", each.name))
    for each in named[:-keep]:
        each.unlink()
    return named[:-keep]


@db.command()
@click.argument("file", type=_file, required=False)
@click.option(
    "--in-place", is_flag=True, help="The database was set back by other means (pg_restore, a snapshot); no FILE then."
)
@as_json
@click.pass_context
def restore(ctx: click.Context, file: Path | None, in_place: bool, as_json: bool) -> None:
    """Put the backup FILE in the place of the database, while no bridge runs on it.

    The database that was there is kept. A restored bridge takes hooks, but sends nothing to Enom until you have looked and
    resumed its accounts; jobs that were open in the backup are held.
    """
    if in_place == (file is not None):
        raise click.UsageError("give the FILE of a backup, or --in-place where the database has been set back already")
    settings = settings_of(ctx)
    with opened(settings) as service:
        copies = store.Copies(service.database, quiet(settings))
        done = copies.restored_in_place() if file is None else copies.restore(file)
    if as_json:
        newest = done.tamed.newest_hook
        return echo_json({**vars(done.tamed), "newest_hook": newest and in_words(newest), "kept": done.kept})
    for line in _told(done, file):
        click.echo(line)


def quiet(settings: Settings) -> dict[str, float]:
    """For each account the seconds after which every read shows what was done before: as for a purchase."""
    return {name: account.settle + 2 * account.timeout for name, account in settings.accounts.items()}


def _told(done: store.Restored, file: Path | None) -> Iterator[str]:
    tamed = done.tamed
    newest = f"its newest hook came {in_words(tamed.newest_hook)}" if tamed.newest_hook else "there is no hook in it"
    yield f"Restored from {file}; {newest}." if file else f"Taken as restored; {newest}."
    if done.kept:
        yield f"The database that was there is kept: {done.kept}"
    yield f"Paused: {', '.join(tamed.paused) or 'no account'}. Hooks are taken, nothing is sent to Enom."
    yield f"Held, because they were open then and may have been done since: {len(tamed.held)} job(s)."
    if tamed.called_off:
        yield "Their deletion after a grace is called off; let billing terminate again what should go:"
        yield from (f"  {address}" for address in tamed.called_off)
    yield "\nNext (docs/backup.md):"
    steps = {
        "serve": "takes hooks again (or web and worker)",
        "reconcile": "compares what is on record with Enom; before it, resume refuses",
        "jobs list --status held": "look at each: jobs explain says how to go on",
        **{f"resume account {name}": "when you have looked" for name in tamed.paused},
    }
    yield from (f"  enom-bridge {command:<31}  {why}" for command, why in steps.items())
