"""Builds what is unpacked into a billing platform: `hooks/<platform>/php/` as
`dist/enom-bridge-<platform>-<version>.zip`, with the kit that all of them share (`hooks/php/src/`)
in it.

The same tree gives the same bytes on every machine: names sorted, times and modes fixed, nothing
compressed.
"""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from bridge import __version__

ROOT = Path(__file__).parents[1]
KIT = "EnomBridge\\Kit"  # the kit's namespace in a checkout
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644


class Plugin(NamedTuple):
    """`top`: the one folder that the archive brings, so that it unpacks into the platform's own,
    or `below` it.

    Each archive has a copy of the kit, in the folder `kit`, under a `namespace` of its own: two
    plug-ins, also of two versions, run in one PHP process.
    """

    top: str
    kit: str
    namespace: str
    below: str = ""


PLUGINS = {
    "whmcs": Plugin(
        "modules",
        "modules/servers/enombridge/lib/Kit",
        "WHMCS\\Module\\Server\\Enombridge\\Kit",
    ),
    "fossbilling": Plugin(
        "modules",
        "modules/Serviceenombridge/Bridge/Kit",
        "Box\\Mod\\Serviceenombridge\\Bridge\\Kit",
    ),
    "paymenter": Plugin(
        "EnomBridge",
        "EnomBridge/Kit",
        "Paymenter\\Extensions\\Servers\\EnomBridge\\Kit",
        "extensions/Servers",
    ),
}


def files(tree: Path) -> Iterator[tuple[str, bytes]]:
    """Names as in the archive, sorted, and contents; nothing whose name or folder begins with a
    dot."""
    found = {path.relative_to(tree).as_posix(): path for path in tree.rglob("*") if path.is_file()}
    for name in sorted(found):
        if not any(part.startswith(".") for part in name.split("/")):
            yield name, found[name].read_bytes()


def content(tree: Path, plugin: Plugin, kit: Path) -> list[tuple[str, bytes]]:
    """The tree and the kit under its name there, sorted.

    Raises ValueError when the tree is empty, or has something beside its top folder, or where the
    kit goes.
    """
    own = list(files(tree))
    strange = [name for name, _ in own if not name.startswith(f"{plugin.top}/")]
    if strange or not own:
        raise ValueError(
            f"{tree} has {strange[0] if strange else 'no files'}: it has to hold the folder "
            f"{plugin.top}/ and nothing else."
        )
    if any(name.startswith(f"{plugin.kit}/") for name, _ in own):
        raise ValueError(f"{tree} has {plugin.kit}/, where the kit of {kit} goes.")
    shared = [(f"{plugin.kit}/{name}", data) for name, data in files(kit)]
    return sorted((name, _renamed(name, data, plugin)) for name, data in [*own, *shared])


def _renamed(name: str, data: bytes, plugin: Plugin) -> bytes:
    if not name.endswith(".php"):
        return data
    return data.replace(KIT.encode(), plugin.namespace.encode())


def build(tree: Path, archive: Path, plugin: Plugin, kit: Path) -> None:
    """Raises what `content` raises, and then writes nothing."""
    written_files = content(tree, plugin, kit)
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as written:
        for name, data in written_files:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, MODE << 16
            written.writestr(entry, data)


def pack(platform: str, archive: Path, root: Path = ROOT) -> None:
    """The archive of this platform, as an admin unpacks it."""
    hooks = root / "hooks"
    build(hooks / platform / "php", archive, PLUGINS[platform], hooks / "php" / "src")


def main(root: Path = ROOT) -> int:
    for platform in PLUGINS:
        archive = root / "dist" / f"enom-bridge-{platform}-{__version__}.zip"
        try:
            pack(platform, archive, root)
        except ValueError as fault:
            click.echo(f"Error: {fault}", err=True)
            return 1
        shown = archive.relative_to(root)
        below = PLUGINS[platform].below
        click.echo(
            f"{shown}: unzip it into the folder of {platform}{below and f', below {below}'}, "
            f"then go on as hooks/{platform}/README.md tells."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
