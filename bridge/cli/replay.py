"""`enom-bridge replay`: what a recorded hook or a file would do now; with the checksum of what
was shown, do it."""

import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import click

from bridge.cli.session import remind, session, who
from bridge.cli.show import as_json, echo_json, word
from bridge.domain.errors import NotPossible, UnknownThing
from bridge.domain.ports import Dismissed, Reused
from bridge.pipeline.replay import Preview, checksum
from bridge.reporting.changes import plan_in_words
from bridge.wiring import Service
from hooks.types import Verified


@click.command()
@click.argument("items", metavar="ID|FILE...", nargs=-1, required=True)
@click.option("--source", help="The source of the id or file; needed if there are several.")
@click.option(
    "--apply", "agreed", metavar="CHECKSUM", help="Do it, if the plans still have this checksum."
)
@as_json
@click.pass_context
def replay(
    ctx: click.Context, items: Sequence[str], source: str | None, agreed: str | None, as_json: bool
) -> None:
    """Read received hooks or files again and show what they would do now. Changes nothing at Enom
    without --apply.

    ID is a received hook (see `hooks list`). With --apply, a parked hook that can now be read becomes a job and keeps
    its id; a failed or held job is retried, as by `jobs retry`.

    FILE is a JSON body, or a folder with body.json and headers.json. No signature is checked: whoever can read the
    configuration could sign. With --apply it becomes a job. A folder keeps the webhook-id of its headers, so that
    billing recognises the callback, and an id that was used before starts nothing; a body alone gets a new id.

    The checksum at the end covers everything shown, in this order. If any plan has changed since, nothing is done.
    What cannot be planned now is skipped, and makes the exit code 1.
    """
    with session(ctx) as service:
        previews = [_preview(service, item, source) for item in items]
        shown, sum_now = [preview.describe() for preview in previews], checksum(previews)
        if not as_json:
            _show(previews)
        if agreed not in (None, sum_now):
            text = f"The plans have changed since {agreed}, so nothing was done. "
            text += f"Check the plans above; their checksum is now {sum_now}."
            raise click.ClickException(text)
        clean = all(preview.problem is None for preview in previews)
        if agreed:
            clean &= _apply(service, previews, shown, as_json)
    if as_json:
        echo_json({"items": shown, "next": None, "checksum": sum_now})
    elif not agreed and any(preview.problem is None for preview in previews):
        click.echo(
            f"\nNothing changed yet. To do this, run the same command with --apply {sum_now}"
        )
    ctx.exit(0 if clean else 1)


def _preview(service: Service, item: str, source: str | None) -> Preview:
    path = Path(item)
    if path.exists():
        return service.replay.sample(
            item, _one_source(service, source), _vouched(path, int(service.database.clock()))
        )
    if "/" in item or item.endswith(".json"):
        raise click.UsageError(f"{item}: no such file")
    return service.replay.recorded(item, source)


def _one_source(service: Service, source: str | None) -> str:
    known = sorted(service.settings.sources)
    if source in known:
        return source
    if source is None and len(known) == 1:
        return known[0]
    raise click.UsageError(
        "--source: say which source a file is from; the configuration has "
        f"{', '.join(known) or 'none'}"
    )


def _vouched(path: Path, now: int) -> Verified:
    """A file as a delivery of this moment; whoever gives the command vouches for it."""
    try:
        body = (path / "body.json" if path.is_dir() else path).read_bytes()
        headers = path / "headers.json"
        found = json.loads(headers.read_text("utf-8")) if path.is_dir() and headers.exists() else {}
        named = {str(name).lower(): value for name, value in found.items()}.get("webhook-id")
    except (OSError, ValueError, AttributeError) as error:
        reason = (
            error.strerror if isinstance(error, OSError) else "headers.json is not a JSON object"
        )
        raise click.UsageError(f"{path}: cannot be read: {reason}") from None
    id = f"replay_{secrets.token_hex(12)}" if named is None else str(named)
    if not re.fullmatch(r"[A-Za-z0-9_:-]{1,128}", id):
        raise click.UsageError(
            f"{path}: the webhook-id in headers.json is not 1 to 128 characters of A-Za-z0-9_:-"
        )
    return Verified(id, now, body, 0)


def _show(previews: Sequence[Preview]) -> None:
    for preview in previews:
        job = f", now {preview.job}" if preview.job else ""
        click.echo(f"{preview.name} ({preview.source}{job})")
        if intent := preview.intent:
            click.echo(
                f"  {intent.action} of {intent.address} for service {word(intent.service_id)}"
            )
        if preview.problem:
            click.echo(f"  cannot be done: {word(preview.problem[1])}")
        else:
            click.echo(f"  plan: {word(plan_in_words(preview.plan.describe()))}")


def _apply(
    service: Service, previews: Sequence[Preview], shown: Sequence[dict[str, object]], as_json: bool
) -> bool:
    clean = True
    for preview, item in zip(previews, shown, strict=True):
        if preview.problem:
            continue
        try:
            receipt = service.replay.carry_out(preview, who())
        except Dismissed:
            clean = False
            click.echo(
                (
                    f"Error: {preview.name}: it was dismissed. Have "
                    "billing send it again under a new id."
                ),
                err=True,
            )
            continue
        except (UnknownThing, NotPossible, Reused) as refusal:
            clean = False
            reused = (
                f"The id {refusal} was already used with another type or data. Remove it from "
                "headers.json to get a new one."
            )
            click.echo(
                f"Error: {preview.name}: {reused if isinstance(refusal, Reused) else refusal}",
                err=True,
            )
            continue
        item["receipt"] = receipt.describe()
        if not as_json:
            click.echo(f"{preview.name}: job {receipt.job} is {receipt.status}. {receipt.message}")
    remind(service)
    return clean
