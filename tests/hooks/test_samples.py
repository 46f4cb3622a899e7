"""What is missing of a sample is written as the tests want it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from platform_contract import samples

from contrib.samples import complete, main
from hooks import PLATFORMS, Platform
from tests.support import example_shop

SHOP: Any = example_shop
ALL: dict[str, tuple[Platform, Path]] = {
    name: (platform, samples(name)) for name, platform in PLATFORMS.items()
} | {"shop": (SHOP, Path(__file__).parent / "shop_samples")}


@pytest.mark.parametrize("name", ALL)
def test_what_is_missing_is_written_and_what_is_there_stays(name: str, tmp_path: Path) -> None:
    platform, made = ALL[name]
    copy = tmp_path / "samples"
    shutil.copytree(made, copy)
    assert list(complete(platform, copy)) == []
    for path in copy.glob("*/*.json"):
        if path.name != "body.json":
            path.unlink()
    written = {path.relative_to(copy) for path in complete(platform, copy)}
    assert written == {
        path.relative_to(made) for path in made.glob("*/*.json") if path.name != "body.json"
    }
    for path in written:
        if path.name in ("errors.json", "withdrawal.json"):
            assert json.loads((copy / path).read_text()) == json.loads((made / path).read_text())
        elif path.name == "intent.json":
            found, meant = (json.loads((one / path).read_text()) for one in (copy, made))
            times = {"timestamp", "until"}
            assert found.keys() == meant.keys()
            assert {**found, **dict.fromkeys(times & found.keys())} == {
                **meant,
                **dict.fromkeys(times & meant.keys()),
            }


def test_an_unknown_platform_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nobodys"]) == 2
    assert "whmcs" in capsys.readouterr().err
