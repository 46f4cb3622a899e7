"""`sim` stands in for Enom with what it prints, and never beside live credentials."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge import config, wiring
from bridge.cli import main, sim
from bridge.domain.model import Address
from bridge.sim import Simulator

COMMAND = [
    sys.executable,
    "-W",
    "error",
    "-c",
    "from bridge.cli import main; main()",
    "sim",
    "--port",
    "0",
]
REST = """
[bridge]
keys = ["MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="]
[sources.shop]
platform = "standard"
account = "main"
secrets = ["whsec_c2FtcGxlLXNlY3JldC1vZi10aGUtdGVzdHMtMzItYnl0ZXM="]
"""


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[Result, list[dict[str, Any]]]]:
    """Runs the command and stops it at once; gives its result and what was armed while it ran."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ENOM_BRIDGE_CONFIG", raising=False)
    armed: list[dict[str, Any]] = []
    bound = sim.bound
    made: list[Simulator] = []

    def watched(*arguments: Any) -> Simulator:
        made.append(bound(*arguments))
        return made[-1]

    class Stopped(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            armed.extend(made[-1].control("/faults")["faults"])
            return True

    @contextmanager
    def at_once() -> Iterator[threading.Event]:
        yield Stopped()

    monkeypatch.setattr(sim, "bound", watched)
    monkeypatch.setattr(sim, "stopping", at_once)

    def call(*arguments: str) -> tuple[Result, list[dict[str, Any]]]:
        return CliRunner().invoke(main, ["sim", "--port", "0", *arguments]), armed

    return call


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a simulator that is running has printed; ended with Ctrl-C, cleanly."""
    folder = tmp_path_factory.mktemp("sim")
    env = {**os.environ, "PYTHONPATH": str(Path(sim.__file__).parents[2])}
    env.pop("ENOM_BRIDGE_CONFIG", None)
    with subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=env
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        lines = []
        while "enom-bridge send" not in (line := process.stdout.readline()):
            assert line, process.stderr.read()
            lines.append(line)
        yield "".join([*lines, line])
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == ""
    assert process.returncode == 0


def works(path: Path) -> None:
    """The account of this configuration can log in to both APIs, and has a pak with ten places."""
    service = wiring.build(config.load(path, {}))
    try:
        backend = service.accounts["main"].backend
        backend.probe()
        seen = backend.observe(Address("john", "example.com"))
        assert (seen.exists, [pak.free for pak in seen.paks]) == (False, [10])
    finally:
        service.close()


def test_the_printed_lines_make_a_configuration_that_works(printed: str, tmp_path: Path) -> None:
    found = re.search(r"\[accounts\.main\].*?(?=\nOr from scratch)", printed, re.DOTALL)
    assert found
    path = tmp_path / "bridge.toml"
    path.write_text(found[0] + REST)
    path.chmod(0o600)
    works(path)


def test_the_printed_init_does_too(printed: str, tmp_path: Path) -> None:
    found = re.search(r"enom-bridge (init .*?)\n  enom-bridge serve", printed, re.DOTALL)
    assert found
    path = tmp_path / "bridge.toml"
    result = CliRunner().invoke(
        main, ["--config", str(path), *shlex.split(found[1].replace("\\\n", " "))]
    )
    assert result.exit_code == 0, result.output
    works(path)


def test_another_account_and_domain(run: Callable[..., Any]) -> None:
    result, _ = run(
        "--uid", "other", "--token", "other-token", "--domain", "mail.example.test", "--json"
    )
    reported = json.loads(result.stdout)
    assert (reported["uid"], reported["token"], reported["domains"]) == (
        "other",
        "other-token",
        ["mail.example.test"],
    )


def test_faults_are_armed_from_a_file(run: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(
        '[{"command": "SetUpPOP3User", "fault": "drop_after"}, {"fault": "slow", "times": null}]'
    )
    result, armed = run("--faults", str(path))
    assert result.exit_code == 0, result.output
    assert [fault["fault"] for fault in armed] == ["drop_after", "slow"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "cannot be read as JSON: [Errno 2]"),
        ("[", "cannot be read as JSON"),
        ("{}", "is not a list"),
        ('[{"fault": "slow"}, {"fault": "sloow"}]', "fault 2: fault: 'sloow' is not known"),
        ('[{"fault": "slow", "often": 2}]', "fault 1: often: no such field"),
        ("[7]", "fault 1: "),
    ],
)
def test_a_bad_file_of_faults_is_exit_code_2(
    run: Callable[..., Any], tmp_path: Path, text: str | None, fault: str
) -> None:
    path = tmp_path / "faults.json"
    if text is not None:
        path.write_text(text)
    result, _ = run("--faults", str(path))
    assert result.exit_code == 2
    assert fault in " ".join(result.stderr.split())


def test_it_never_starts_beside_live_credentials(run: Callable[..., Any], tmp_path: Path) -> None:
    # The token is not set here, so the configuration itself could not be used: that must hide
    # nothing.
    (tmp_path / "bridge.toml").write_text(
        '[accounts.real]\nenvironment = "live"\ntoken = "env:UNSET_HERE"\n'
    )
    result, _ = run()
    assert result.exit_code == 1
    assert 'live credentials (accounts.real.environment = "live")' in result.stderr


def test_a_configuration_that_cannot_be_read_might_be_live(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "bridge.toml").write_text("[accounts.real")
    result, _ = run()
    assert result.exit_code == 2
    assert "so it may hold live credentials" in result.stderr


def test_it_starts_beside_a_configuration_for_tests(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "bridge.toml").write_text(
        '[accounts.main]\nenvironment = "test"\n[accounts.other]\n'
    )
    assert run()[0].exit_code == 0


def test_only_on_loopback(run: Callable[..., Any]) -> None:
    result, _ = run("--host", "192.0.2.1")
    assert result.exit_code == 2
    assert "is not a loopback address" in result.stderr


def test_a_port_in_use_is_told(run: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result, _ = run("--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "Address already in use. Choose another: --port, --control-port" in result.stderr


@pytest.fixture
def begun(
    run: Callable[..., tuple[Result, list[dict[str, Any]]]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs the command with these options; gives its result, and domain -> what was in it."""
    added = sim.add_mailboxes
    states: list[dict[str, Any]] = []

    def watched(simulator: Simulator, *arguments: Any) -> None:
        added(simulator, *arguments)
        states.append(simulator.control("/state"))

    monkeypatch.setattr(sim, "add_mailboxes", watched)

    def call(*arguments: str) -> Any:
        result, _ = run(*arguments)
        return result, states[-1]["domains"] if states else {}

    return call


def test_mailboxes_that_are_there_already_fill_paks_of_their_domains(
    begun: Callable[..., Any], tmp_path: Path
) -> None:
    many = tmp_path / "addresses.txt"
    many.write_text("".join(f"box{number}@school.example\n" for number in range(23)))
    result, domains = begun(
        "--mailbox", "Ann@example.com", "--mailbox", "ann@example.com", "--mailboxes", str(many)
    )
    assert result.exit_code == 0 and "Existing: 24 mailboxes" in result.output
    assert (
        len(domains["school.example"]["mailboxes"]) == 23
        and len(domains["school.example"]["paks"]) == 3
    )
    assert list(domains["example.com"]["mailboxes"]) == ["ann@example.com"]


def test_billings_own_list_is_taken_so_that_day_one_can_be_rehearsed(
    begun: Callable[..., Any], tmp_path: Path
) -> None:
    listed = tmp_path / "services.tsv"
    listed.write_text(
        "service_id\taddress\tplan\n7\tann@m\u00fcnchen.example\tbasic\n8\tbob@example.com\t\n"
    )
    _, domains = begun("--mailboxes", str(listed))
    assert (
        len(domains["xn--mnchen-3ya.example"]["mailboxes"])
        == len(domains["example.com"]["mailboxes"])
        == 1
    )


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        ("ann@example.com\nSecret-1.pass@x\n", "line 2: The part after the @ is not a domain"),
        ("service_id,address\n7,nonsense\n", "line 2: address"),
        ("nothing of the kind", "service_id,address"),
    ],
)
def test_a_list_that_cannot_be_taken_is_told_by_its_line_and_not_quoted(
    begun: Callable[..., Any], tmp_path: Path, content: str, reported: str
) -> None:
    listed = tmp_path / "list"
    listed.write_text(content)
    result, _ = begun("--mailboxes", str(listed))
    assert result.exit_code == 2 and reported in result.output and "Secret" not in result.output
    assert begun("--mailboxes", str(tmp_path / "none"))[0].exit_code == 2
    assert "not an address" in begun("--mailbox", "nonsense")[0].output.lower()
