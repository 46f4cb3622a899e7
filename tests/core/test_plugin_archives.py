"""What `make plugins` builds works by itself: PHP may read nothing but the unpacked folder."""

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from contrib.plugins import KIT, PLUGINS, ROOT, Plugin, build, pack
from tests.support.programs import needed

SOURCE = ROOT / "hooks" / "php" / "src"
SCRIPTS = ROOT / "tests" / "php" / "archives"
STAND_IN = ROOT / "tests" / "php" / "support" / "metrics.php"
VERSION = re.compile(r"VERSION = '([^']+)'")
SAID = {
    "whmcs": ["enom-bridge mailbox", "WHMCS did not name a service of this module."],
    "fossbilling": [
        ["manage", "manage_settings"],
        "Please enter the address of the mailbox, like john@example.com.",
    ],
    "paymenter": [
        "enom-bridge mailbox",
        "The server needs the URL of the bridge, the name of the source and the signing secret "
        "(whsec_…). `enom-bridge init` printed them.",
        [],
    ],
}
"""What the plug-in answers in tests/php/archives/<platform>.php."""


def php(folder: Path, script: str, *arguments: str) -> Any:
    """What the script prints; whatever PHP says beside it is an error."""
    readable = ":".join(str(path) for path in (folder, SCRIPTS, STAND_IN))
    settings = ["-d", f"open_basedir={readable}", "-d", "display_errors=stderr"]
    done = subprocess.run(
        [needed("php"), *settings, str(SCRIPTS / script), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return json.loads(done.stdout)


def unpack(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return folder


@pytest.mark.parametrize("platform", PLUGINS)
def test_an_archive_holds_everything_that_it_loads(platform: str, tmp_path: Path) -> None:
    pack(platform, tmp_path / "plugin.zip")
    folder = unpack(tmp_path / "plugin.zip", tmp_path / "unpacked")
    plugin = PLUGINS[platform]
    found = php(folder, "load.php", platform, plugin.kit, plugin.namespace)
    assert (found["missing"], found["said"]) == ([], SAID[platform])
    kit = {path.stem for path in SOURCE.glob("*.php")} - {"autoload"}
    assert {f"{plugin.namespace}\\{name}" for name in kit} <= set(found["asked"])
    assert [name for name in found["declared"] if name.startswith(KIT)] == []


@pytest.mark.parametrize("platform", PLUGINS)
def test_without_its_kit_it_does_not_load(platform: str, tmp_path: Path) -> None:
    tree = ROOT / "hooks" / platform / "php"
    build(tree, tmp_path / "plugin.zip", PLUGINS[platform], tmp_path / "no kit")
    folder = unpack(tmp_path / "plugin.zip", tmp_path / "unpacked")
    with pytest.raises(AssertionError, match="autoload"):
        php(folder, "load.php", platform, PLUGINS[platform].kit, PLUGINS[platform].namespace)


@pytest.mark.parametrize("platform", PLUGINS)
def test_an_archive_names_its_own_copy_of_the_kit_only(platform: str, tmp_path: Path) -> None:
    pack(platform, tmp_path / "plugin.zip")
    with zipfile.ZipFile(tmp_path / "plugin.zip") as archive:
        own = PLUGINS[platform].namespace.encode()  # which may end as that of a checkout does
        named = [
            name
            for name in archive.namelist()
            if KIT.encode() in archive.read(name).replace(own, b"")
        ]
        place = PLUGINS[platform].kit
        copied = {Path(name) for name in archive.namelist() if name.startswith(f"{place}/")}
    assert named == []
    assert {path.relative_to(place) for path in copied} == {
        path.relative_to(SOURCE) for path in SOURCE.rglob("*") if path.is_file()
    }


def test_two_plugins_of_two_versions_work_in_one_process(tmp_path: Path) -> None:
    older = tmp_path / "older"
    for path in SOURCE.rglob("*.php"):
        copy = older / path.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(VERSION.sub("VERSION = '0.0.1'", path.read_text()))
    for name, kit in {"One": SOURCE, "Two": older}.items():
        tree = tmp_path / name
        (tree / "ext").mkdir(parents=True)
        (tree / "ext" / "main.php").write_text("<?php\n")
        build(tree, tmp_path / "plugin.zip", Plugin("ext", "ext/Kit", f"Vendor\\{name}\\Kit"), kit)
        unpack(tmp_path / "plugin.zip", tmp_path / "shop" / name)
    ours = VERSION.search((SOURCE / "Connection.php").read_text())
    assert ours is not None
    assert php(tmp_path / "shop", "two.php") == [
        [ours[1], "DomainException"],
        ["0.0.1", "LogicException"],
    ]
