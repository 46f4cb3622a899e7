"""What is unpacked into a billing platform: exactly the tree, and byte for byte the same
whenever it is built."""

import os
import zipfile
from pathlib import Path

import pytest

from bridge import __version__
from contrib.plugins import KIT, PLUGINS, ROOT, Plugin, build, main

MODULE = "modules/servers/enombridge"
PLUGIN = Plugin("modules", f"{MODULE}/lib/Kit", "Vendor\\Shop\\Kit")
CONTENT = {
    f"{MODULE}/enombridge.php": b"<?php // module\n",
    f"{MODULE}/lib/Client.php": b"<?php // client\r\n",
    f"{MODULE}/logo.png": bytes(range(256)),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for platform, plugin in PLUGINS.items():
        names = list(CONTENT) if platform == "whmcs" else [f"{plugin.top}/main.php"]
        grow(tmp_path / "hooks" / platform / "php", names)
    return tmp_path / "hooks" / "whmcs" / "php"


@pytest.fixture
def kit(tmp_path: Path) -> Path:
    return tmp_path / "hooks" / "php" / "src"


def grow(tree: Path, names: list[str]) -> Path:
    """The tree, its files made in the given order; with what editors and systems leave behind."""
    for name in [*names, f"{MODULE}/.DS_Store", ".git/config", f"{MODULE}/.cache/kept"]:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT.get(name, b"left behind"))
    return tree


def test_the_archive_is_the_tree_without_what_is_hidden(
    tree: Path, kit: Path, tmp_path: Path
) -> None:
    build(tree, tmp_path / "dist" / "plugin.zip", PLUGIN, kit)
    with zipfile.ZipFile(tmp_path / "dist" / "plugin.zip") as archive:
        assert archive.testzip() is None
        assert [(entry.filename, archive.read(entry)) for entry in archive.infolist()] == sorted(
            CONTENT.items()
        )


def test_it_unpacks_into_what_is_there(tree: Path, kit: Path, tmp_path: Path) -> None:
    build(tree, tmp_path / "plugin.zip", PLUGIN, kit)
    (tmp_path / "whmcs" / "modules" / "servers" / "other").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "plugin.zip") as archive:
        archive.extractall(tmp_path / "whmcs")
    assert (tmp_path / "whmcs" / MODULE / "logo.png").read_bytes() == CONTENT[f"{MODULE}/logo.png"]
    assert sorted(path.name for path in (tmp_path / "whmcs" / "modules" / "servers").iterdir()) == [
        "enombridge",
        "other",
    ]


def test_two_builds_are_the_same_bytes_whatever_made_the_tree(
    tree: Path, kit: Path, tmp_path: Path
) -> None:
    other = grow(tmp_path / "elsewhere", list(reversed(CONTENT)))
    for path in other.rglob("*.php"):
        path.chmod(0o600)
        os.utime(path, (1, 1))
    build(tree, tmp_path / "one.zip", PLUGIN, kit)
    build(other, tmp_path / "two.zip", PLUGIN, kit)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


@pytest.mark.parametrize("name", ["README.md", "includes/hooks/enombridge.php"])
def test_what_lies_beside_the_one_folder_is_refused(
    tree: Path, kit: Path, tmp_path: Path, name: str
) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("")
    with pytest.raises(ValueError, match=f"{name}.* the folder modules/ and nothing else"):
        build(tree, tmp_path / "plugin.zip", PLUGIN, kit)
    assert not (tmp_path / "plugin.zip").exists()


def test_the_command_tells_the_path_and_what_comes_next(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 0
    lines = capsys.readouterr().out.splitlines()
    for platform, line in zip(PLUGINS, lines, strict=True):
        archive = f"dist/enom-bridge-{platform}-{__version__}.zip"
        assert line.startswith(f"{archive}: unzip it into the folder of {platform}")
        assert (tmp_path / archive).exists()


def test_a_place_below_the_platforms_folder_is_told(
    tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 0
    assert "the folder of paymenter, below extensions/Servers, then" in capsys.readouterr().out


def test_without_a_tree_the_command_fails_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path) == 1
    assert "has no files" in capsys.readouterr().err


def test_every_platform_that_is_built_is_one_of_hooks() -> None:
    assert all((ROOT / "hooks" / platform / "README.md").exists() for platform in PLUGINS)


def test_the_kit_goes_with_it_under_a_name_of_its_own(
    tree: Path, kit: Path, tmp_path: Path
) -> None:
    kit.mkdir(parents=True)
    (kit / "Client.php").write_text(f"<?php namespace {KIT};\nuse {KIT}\\Fault;\n")
    (kit / "lang").mkdir()
    (kit / "lang" / "english.php").write_text("<?php return [];\n")
    (tree / MODULE / "callback.php").write_text(f"<?php use {KIT}\\Callback;\n")
    build(tree, tmp_path / "plugin.zip", PLUGIN, kit)
    with zipfile.ZipFile(tmp_path / "plugin.zip") as archive:
        names = archive.namelist()
        assert names == sorted(names)
        client = archive.read(f"{MODULE}/lib/Kit/Client.php").decode()
        callback = archive.read(f"{MODULE}/callback.php").decode()
        assert archive.read(f"{MODULE}/lib/Kit/lang/english.php") == b"<?php return [];\n"
    assert client == "<?php namespace Vendor\\Shop\\Kit;\nuse Vendor\\Shop\\Kit\\Fault;\n"
    assert callback == "<?php use Vendor\\Shop\\Kit\\Callback;\n"


def test_a_tree_with_a_kit_of_its_own_is_refused(tree: Path, kit: Path, tmp_path: Path) -> None:
    (tree / MODULE / "lib" / "Kit").mkdir()
    (tree / MODULE / "lib" / "Kit" / "Client.php").write_text("<?php\n")
    with pytest.raises(ValueError, match=r"lib/Kit/, where the kit of .* goes"):
        build(tree, tmp_path / "plugin.zip", PLUGIN, kit)
    assert not (tmp_path / "plugin.zip").exists()
