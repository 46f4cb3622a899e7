"""Builds what is unpacked into a billing platform: `hooks/<platform>/php/` as
`dist/enom-bridge-<platform>-<version>.zip`.

The same tree gives the same bytes on every machine: names sorted, times and modes fixed, nothing
compressed.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click

from bridge import __version__

ROOT = Path(__file__).parents[1]
TOP = {
    "whmcs": "modules"
}  # the one folder that the archive brings, so that it unpacks into the platform's own
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644


def files(tree: Path) -> Iterator[tuple[str, bytes]]:
    """Names as in the archive, sorted, and contents; nothing whose name or folder begins with a
    dot."""
    found = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if path.is_file()}
    for name in sorted(found):
        if not any(part.startswith(".") for part in name.split("/")):
            yield name, found[name].read_bytes()


def build(tree: Path, archive: Path, top: str) -> None:
    """Raises ValueError when the tree is empty, or has something beside its folder `top`."""
    content = list(files(tree))
    strange = [name for name, _ in content if not name.startswith(f"{top}/")]
    if strange or not content:
        raise ValueError(
            f"{tree} has {strange[0] if strange else 'no files'}: it has to hold the folder "
            f"{top}/ and nothing else."
        )
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as written:
        for name, data in content:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, MODE << 16
            written.writestr(entry, data)


def main(root: Path = ROOT) -> int:
    for platform, top in TOP.items():
        archive = root / "dist" / f"enom-bridge-{platform}-{__version__}.zip"
        try:
            build(root / "hooks" / platform / "php", archive, top)
        except ValueError as fault:
            click.echo(f"Error: {fault}", err=True)
            return 1
        shown = archive.relative_to(root)
        click.echo(
            f"{shown}: unzip it into the folder of {platform}, then go on as "
            f"hooks/{platform}/README.md tells."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
