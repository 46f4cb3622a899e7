"""Completes the samples of a platform: `python -m contrib.samples shop` (a name of PLATFORMS).

Each folder of `hooks/<platform>/samples/` has a `body.json`, written by hand or saved from the
platform. This adds what is missing: `headers.json`, signed at the time of the tests with
`samples/secret`, and what the bridge reads from it. **Check that**: the tests then hold it as right.
"""

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from hooks import PLATFORMS, OwnWebhooks, Platform, own_webhooks, signing
from hooks.errors import Invalid
from hooks.message import read_message
from hooks.schemes import WEBHOOK_SCHEMES
from hooks.types import Delivery, EventMap, Ignored, Verified
from tests.support.webhooks import SIGNERS

ROOT = Path(__file__).parents[1]
NOW = 1795368420  # 2026-11-22T17:27:00Z
EXPECTED = ("intent.json", "withdrawal.json", "errors.json")


def complete(platform: Platform, samples: Path) -> Iterator[Path]:
    """The files that it wrote."""
    secret, event_map = (samples / "secret").read_text().strip(), map_of(samples)
    for body in sorted(samples.glob("*/body.json")):
        headers = body.with_name("headers.json")
        if not headers.exists():
            yield _write(headers, _signed(platform, body, secret))
        if not any(body.with_name(name).exists() for name in EXPECTED):
            proof = _verified(platform, json.loads(headers.read_text()), body.read_bytes(), secret)
            for name, read in _read(platform, proof, event_map).items():
                yield _write(body.with_name(name), read)


def _signed(platform: Platform, body: Path, secret: str) -> dict[str, str]:
    plain = {"content-type": "application/json"}
    if (own := own_webhooks(platform)) is not None:
        return plain | SIGNERS[_scheme(own)](body.read_bytes(), NOW, secret)
    id = f"msg_sample_{body.parent.name.replace('.', '_')}"
    raw = body.read_bytes()
    return plain | signing.sign(id, _sent(raw), raw, signing.decode_secret(secret))


def _sent(body: bytes) -> int:
    """The body's own time, which must be that of the signature."""
    try:
        return int(datetime.fromisoformat(json.loads(body)["timestamp"]).timestamp())
    except (KeyError, TypeError, ValueError):
        return NOW


def _scheme(own: OwnWebhooks) -> str:
    return next(name for name, row in WEBHOOK_SCHEMES.items() if row == own.SCHEME)


def _verified(platform: Platform, headers: dict[str, str], body: bytes, secret: str) -> Verified:
    delivery = Delivery("sample", headers, body, NOW)
    if (own := own_webhooks(platform)) is not None:
        return signing.verify_webhook(delivery, [own.SCHEME.key(secret)], own.SCHEME, NOW)
    now = int(headers["webhook-timestamp"])
    return signing.verify(delivery, [signing.decode_secret(secret)], "standard", now)


def map_of(samples: Path) -> EventMap:
    """What the samples stand under, as a source's `map` would say it: `map.json`, if there is one."""
    file = samples / "map.json"
    return EventMap(json.loads(file.read_text()) if file.exists() else {})


def _read(platform: Platform, proof: Verified, event_map: EventMap) -> Mapping[str, Any]:
    """File and content; nothing for an event that is ignored."""
    own = own_webhooks(platform)
    message = read_message(proof) if own is None else own.parse(proof, event_map)
    if isinstance(message, Ignored):
        return {}
    try:
        if message.type in platform.WITHDRAWALS:
            return {"withdrawal.json": dataclasses.asdict(platform.withdraw(message, proof))}
        intent = platform.read(message, proof)
    except Invalid as fault:
        return {"errors.json": fault.errors}
    told = {
        each.name: getattr(intent, each.name)
        for each in dataclasses.fields(intent)
        if getattr(intent, each.name) != each.default
    }
    return {"intent.json": told}


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(content, indent=2, default=datetime.isoformat) + "\n")
    return path


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in PLATFORMS:
        click.echo(f"Name one of the platforms: {', '.join(PLATFORMS)}.", err=True)
        return 2
    samples = ROOT / "hooks" / arguments[0] / "samples"
    for path in complete(PLATFORMS[arguments[0]], samples):
        click.echo(f"{path.relative_to(ROOT)}: written. Check it.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
