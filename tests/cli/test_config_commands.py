"""`config show` and `config check`, as a person and as a script sees them."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from bridge.cli.config import config
from bridge.infra import masking

GOOD = """
[bridge]
keys = ["AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="]
[accounts.main]
uid = "reseller"
token = "env:ENOM_TOKEN"
suspend_with = "refuse"
[sources.shop]
account = "main"
secrets = ["whsec_c2VjcmV0LW9mLWEtdGVzdC1pbnN0YWxsYXRpb24="]
"""
SECRETS = ("AQIDBAUG", "example-token", "c2VjcmV0")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(masking, "_registered", set())
    monkeypatch.setenv("ENOM_TOKEN", "example-token")
    path = tmp_path / "bridge.toml"
    path.write_text(GOOD)
    path.chmod(0o600)
    return path


def run(file: Path, *arguments: str) -> Result:
    group = click.Group(commands=[config])
    return CliRunner().invoke(group, ["config", *arguments], obj={"config": str(file)})


def test_show_prints_what_is_in_force_without_secrets(file: Path) -> None:
    result = run(file, "show")

    assert result.exit_code == 0
    assert "[accounts.main]" in result.output
    assert 'token = "*** (env:ENOM_TOKEN)"' in result.output
    assert "wait_limit = 20" in result.output
    assert [secret for secret in SECRETS if secret in result.output] == []


def test_show_prints_json(file: Path) -> None:
    result = run(file, "show", "--json")

    plain = json.loads(result.output)
    assert plain["accounts"]["main"]["endpoint"] == "https://resellertest.enom.com/interface.asp"
    assert [secret for secret in SECRETS if secret in result.output] == []


def test_check_of_a_good_file_says_so(file: Path) -> None:
    result = run(file, "check")

    assert result.exit_code == 0
    assert f"{file} is valid" in result.output


def test_check_prints_warnings(file: Path) -> None:
    file.chmod(0o644)

    assert "chmod 600" in run(file, "check").output
    assert "chmod 600" in json.loads(run(file, "check", "--json").output)["warnings"][0]


@pytest.mark.parametrize("command", ["show", "check"])
def test_every_fault_is_printed_and_the_exit_code_is_2(file: Path, command: str) -> None:
    file.write_text(GOOD.replace("uid", "user").replace("[bridge]", "[bridge]\nwait_limit = 99"))

    result = run(file, command)

    assert result.exit_code == 2
    assert [
        key
        for key in ("accounts.main.uid", "accounts.main.user", "bridge.wait_limit")
        if key not in result.stderr
    ] == []


def test_check_prints_faults_as_json(file: Path) -> None:
    file.write_text(GOOD.replace("[bridge]", "[bridge]\nwait_limit = 99"))

    result = run(file, "check", "--json")

    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "ok": False,
        "faults": [{"key": "bridge.wait_limit", "message": "must be from 0 to 60"}],
        "warnings": [],
    }


def test_a_file_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    result = run(tmp_path / "none.toml", "show")

    assert result.exit_code == 2
    assert "none.toml" in result.stderr and "enom-bridge init" in result.stderr
