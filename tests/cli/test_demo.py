"""The demo shows the truth: good when all is good, and not when a single thing is not."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import demo as package
from bridge.cli import main
from bridge.cli.demo import billing, script
from hooks.errors import BadSignature
from hooks.signing import decode_secret, sign
from tests.support.billing import SECRET

PASSWORDS = ("Sample-Pass.01", "Sample-Pass.02", "pass word", "sim-token", "sim-hosted-email")
OTHER = "whsec_" + "b3RoZXIgc2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiBkZW1v"
COMMAND = [sys.executable, "-W", "error", "-c", "from bridge.cli import main; main()", "demo"]


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["demo", *arguments])
    assert not [password for password in PASSWORDS if password in result.output]
    return result


def only(monkeypatch: pytest.MonkeyPatch, *numbers: int, **changes: Any) -> None:
    """Plays only these scenes, the first of them with other expectations."""
    scenes = [script.SCENES[number - 1] for number in numbers]
    monkeypatch.setattr(script, "SCENES", (replace(scenes[0], **changes), *scenes[1:]))


def test_every_outcome_is_as_expected_and_nothing_is_left(tmp_path: Path) -> None:
    result = run("--json")
    reported = json.loads(result.stdout)
    assert (result.exit_code, reported["ok"], reported["faults"]) == (0, True, [])
    assert "standardwebhooks" in reported["verified_by"]
    assert list(tmp_path.iterdir()) == []

    scenes = {scene["number"]: scene for scene in reported["scenes"]}
    assert [scene["http"] for scene in scenes.values()] == [200] * 8 + [422, 401] + [200] * 5
    assert scenes[2]["answer"]["changed"] is False and scenes[2]["sent"] == []
    lost = scenes[6]
    assert [step["outcome"] for step in lost["journal"]] == ["unknown", "accepted", "accepted"]
    assert [request["command"] for request in lost["sent"]].count("SetUpPOP3User") == 1
    assert [scenes[number]["answer"]["error"]["code"] for number in (7, 8)] == [
        "not_found",
        "not_ours",
    ]
    assert scenes[10]["enom"]["state"] == "active" and scenes[11]["enom"]["state"] == "absent"
    alone = [scene for scene in scenes.values() if scene["provider"] == "hosted email"]
    assert [scene["enom"]["state"] for scene in alone] == [
        "active",
        "suspended",
        "active",
        "absent",
    ]
    assert {command["command"] for scene in alone for command in scene["sent"]} == {
        "change_user",
        "logout_user",
        "delete_user",
    }
    assert all(
        scene["callback"]["data"]["hook"] == scene["answer"]["hook"]
        for scene in scenes.values()
        if scene["callback"]
    )


def test_a_person_is_shown_every_stage_of_each_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, 1, 9)
    result = run()
    assert result.exit_code == 0
    for stage in (
        "received",
        "answered",
        "plan",
        "sent",
        "read back",
        "Enom has",
        "callback",
        "as expected",
    ):
        assert f"    {stage}" in result.output
    assert "password: ***" in result.output
    assert "\x1b" not in result.output
    assert "All 2 results are as expected." in result.output


@pytest.mark.parametrize(
    ("number", "changes", "sentence"),
    [
        (9, {"http": 202}, "HTTP 422, expected 202"),
        (
            1,
            {"sent": ("SetUpPOP3User",)},
            "Enom got ['SetUpPOP3User', 'change_user'], expected ['SetUpPOP3User']",
        ),
        (1, {"truth": "suspended"}, "Enom has the mailbox 'active', expected 'suspended'"),
        (7, {"error": "not_ours"}, "its error is 'not_found', expected 'not_ours'"),
        (7, {"status": "succeeded"}, "the callback is 'job.failed', expected 'job.succeeded'"),
    ],
)
def test_an_unexpected_outcome_is_named_and_fails(
    monkeypatch: pytest.MonkeyPatch, number: int, changes: dict[str, Any], sentence: str
) -> None:
    only(monkeypatch, number, **changes)
    result = run()
    assert result.exit_code == 1
    assert sentence in result.output
    assert "Unexpected: scene 1." in result.output
    assert "All " not in result.output


def test_a_wrong_password_at_enom_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, 8)
    seen = script.truth

    def spoiled(at: Any, address: str) -> dict[str, Any]:
        at.passwords[address] = "another"
        return seen(at, address)

    monkeypatch.setattr(script, "truth", spoiled)
    result = run("--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["scenes"][0]["faults"] == [
        "Enom has the right password False, expected True"
    ]


def test_a_callback_whose_signature_is_wrong_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, 7)
    check, name = billing.published_check() or billing.own_check()
    monkeypatch.setattr(package, "published_check", lambda: (lambda secret: check(OTHER), name))
    result = run()
    assert result.exit_code == 1
    assert "a callback was refused: WebhookVerificationError" in result.output


def test_without_the_published_package_it_says_so_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, 7)
    monkeypatch.setitem(sys.modules, "standardwebhooks", None)
    result = run()
    assert result.exit_code == 0
    assert result.stderr.count("pip install 'enom-bridge[demo]'") == 2
    assert "this bridge's own verifier only" in result.stdout


def test_the_own_verifier_knows_right_from_wrong() -> None:
    check, _ = billing.own_check()
    headers = sign("cb_1", int(time.time()), b"{}", decode_secret(SECRET))
    check(SECRET)(b"{}", headers)
    with pytest.raises(BadSignature):
        check(OTHER)(b"{}", headers)


def test_a_kept_folder_holds_no_password_in_clear(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only(monkeypatch, 1, 9)
    result = run("--keep")
    (folder,) = tmp_path.iterdir()
    assert str(folder) in result.output
    assert (folder / "bridge.toml").stat().st_mode & 0o777 == 0o600
    kept = b"".join(file.read_bytes() for file in folder.glob("bridge.[!t]*"))
    assert b"SetUpPOP3User" in kept
    assert b"Sample-Pass" not in kept and b"pass word" not in kept


def test_it_runs_as_a_program_of_its_own(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        COMMAND, capture_output=True, text=True, cwd=tmp_path, env=with_path(env), timeout=250
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "All 15 results are as expected." in done.stdout
    assert not [password for password in PASSWORDS if password in done.stdout]
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    env = with_path({**os.environ, "TMPDIR": str(tmp_path)})
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    # A job that a shell runs in the background ignores Ctrl-C, and so would its children.
    heeding: dict[str, Any] = {
        "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
    }
    # An interrupt in the middle of open() loses the file that is being opened; Python's remark on
    # that is not the demo's.
    command = [*COMMAND[:3], "-W", "ignore::ResourceWarning", *COMMAND[3:]]
    with subprocess.Popen(command, cwd=tmp_path, env=env, **pipes, **heeding) as process:
        assert process.stdout is not None and process.stderr is not None
        said = process.stdout.readline()
        assert said.startswith("This demo runs a bridge"), said + process.stderr.read()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().strip() == "Aborted!"
    assert process.returncode == 1
    assert list(tmp_path.iterdir()) == []


def with_path(env: dict[str, str]) -> dict[str, str]:
    return {**env, "PYTHONPATH": str(Path(script.__file__).parents[3])}
