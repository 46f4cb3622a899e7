"""A log or an output that cannot be written changes nothing of what a program does; and what
ends it, ends it whole."""

import os
import resource
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.sim import Simulator
from tests.cli.test_reload import free_port
from tests.support.billing import Billing, until
from tests.support.bridge import PASSWORD, furnish, write_config
from tests.support.forked import Forked

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("enom-bridge"))
FULL = "/dev/full"


class Serving:
    """`enom-bridge serve`, whose standard error and output are what a test wants them to be."""

    def __init__(self, folder: Path, sim: Simulator, billing: Billing) -> None:
        self.billing, self.port, self.metrics = billing, free_port(), free_port()
        listen = {
            "bridge__listen": f"127.0.0.1:{self.port}",
            "bridge__metrics_listen": f"127.0.0.1:{self.metrics}",
        }
        self.path = write_config(folder, sim, callback=billing.url, account__settle=1, **listen)
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def start(
        self,
        stderr: Any,
        stdout: Any = subprocess.DEVNULL,
        before: Callable[[], None] | None = None,
    ) -> None:
        command = [PROGRAM, "--config", str(self.path), "serve"]
        environment = {"PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=environment,
            cwd=ROOT,
            preexec_fn=before,
        )

    def until_it_answers(self) -> None:
        until(self.answers)

    def answers(self) -> bool:
        assert self.process
        log = self.path.with_name("bridge.log")
        assert self.process.poll() is None, log.read_text() if log.exists() else "it has ended"
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def send(self, number: int) -> str:
        hooks = f"http://127.0.0.1:{self.port}/hooks/shop"
        box = f"box{number}@example.com"
        answer = self.billing.send(
            hooks, "mailbox.create", address=box, service_id=str(number), password=PASSWORD, wait=20
        )
        return str(answer.json().get("status"))

    def lost(self) -> float:
        text = requests.get(f"http://127.0.0.1:{self.metrics}/metrics", timeout=10).text
        line = next(
            line
            for line in text.splitlines()
            if line.startswith("enom_bridge_log_lines_lost_total")
        )
        return float(line.split()[-1])

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        assert self.process
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def serving(tmp_path: Path, migrated: Path) -> Iterator[Serving]:
    with Simulator(seed=1) as sim:
        furnish(sim)
        billing = Billing()
        made = Serving(tmp_path, sim, billing)
        shutil.copy(migrated, tmp_path / "bridge.sqlite3")
        try:
            yield made
        finally:
            if made.process:
                made.process.kill()
                made.process.wait(60)
            billing.close()


def test_a_log_whose_reader_has_gone_changes_nothing(serving: Serving) -> None:
    """`serve 2>&1 | head -1`"""
    reader, writer = os.pipe()
    serving.start(writer, writer)
    os.close(writer)
    with open(reader, "rb") as lines:
        assert lines.readline()
    serving.until_it_answers()
    begun = serving.cpu()

    assert [serving.send(number) for number in range(3)] == ["succeeded"] * 3

    assert serving.lost() > 3
    assert serving.cpu() - begun < 10, "it does not turn in circles"
    assert serving.stop() == 0


def test_a_log_whose_reader_sleeps_holds_nothing_up_and_goes_on_when_it_reads_again(
    serving: Serving,
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while select.select([], [writer], [], 0)[1]:
        os.write(writer, b"x" * 4095 + b"\n")  # as a reader leaves it that was stopped a while ago
    os.set_blocking(writer, True)
    serving.start(writer)
    os.close(writer)
    serving.until_it_answers()

    assert [serving.send(number) for number in range(3)] == ["succeeded"] * 3

    with open(reader, "rb") as lines:
        read = next(line for line in lines if b"stopping" in line or b" ended " in line)
        assert b" ended " in read, "what was said meanwhile comes after all"
        assert serving.stop() == 0


def test_a_log_whose_reader_never_reads_does_not_keep_it_from_ending(serving: Serving) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while select.select([], [writer], [], 0)[1]:
        os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    serving.start(writer)
    os.close(writer)
    serving.until_it_answers()
    assert serving.send(1) == "succeeded"

    assert serving.stop() == 0
    os.close(reader)


@pytest.mark.parametrize("how", ["full", "closed"])
def test_a_log_on_a_full_disk_or_to_nowhere_changes_nothing(serving: Serving, how: str) -> None:
    def closed() -> None:
        for number in range(3):
            os.close(number)

    with open(FULL, "wb") as full:
        serving.start(full, full, closed if how == "closed" else None)
    serving.until_it_answers()

    assert serving.send(1) == "succeeded"

    assert (serving.lost() > 0) is (how == "full")
    assert serving.stop() == 0


def test_a_log_that_can_be_written_again_says_how_much_is_lost(
    serving: Serving, tmp_path: Path
) -> None:
    log = tmp_path / "bridge.log"
    with log.open("wb") as file:
        serving.start(file)
    serving.until_it_answers()
    until(lambda: "ready" in log.read_text())
    assert serving.process
    room = log.stat().st_size + 100  # of the next line, some is written
    before = resource.prlimit(
        serving.process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY)
    )
    # Nothing that a database writes below this size is there: it is refused, as on a full disk.
    hooks = f"http://127.0.0.1:{serving.port}/hooks/shop"
    assert (
        serving.billing.send(
            hooks, "mailbox.suspend", address="a@example.com", service_id="1"
        ).status_code
        == 503
    )
    until(lambda: serving.lost() > 0)

    resource.prlimit(serving.process.pid, resource.RLIMIT_FSIZE, before)

    until(
        lambda: (
            serving.billing.send(
                hooks, "mailbox.suspend", address="a@example.com", service_id="1"
            ).status_code
            == 202
        )
    )
    until(lambda: "log lines could not be written and are lost lines=" in log.read_text())
    assert serving.stop() == 0
    assert log.read_text()[room : room + 3] == "\n20", (
        "each line begins anew, also after one that was cut"
    )


BEFORE = """
import os, signal, sys, threading, time
from bridge.cli import main
from bridge.cli.process import Process
def when_started(do):
    begin = Process.start
    def start(self):
        begin(self)
        threading.Timer(0.5, do).start()
    Process.start = start
"""


def ended(serving: Serving, *, patch: str) -> tuple[int, str]:
    """The exit code and log of a `serve` in which something breaks after it was ready: `patch`
    says what."""
    script = f"{BEFORE}\n{patch}\nmain(sys.argv[1:])\n"
    log = serving.path.with_suffix(".log")
    with log.open("wb") as file:
        serving.process = subprocess.Popen(
            [sys.executable, "-c", script, "--config", str(serving.path), "serve"],
            stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=ROOT,
        )  # fmt: skip
    return serving.process.wait(60), log.read_text()


FAULTS = {
    "an exception in a handler of a signal": """
from bridge.cli import process
def hung_up(): raise RuntimeError("broken")
sys.stdin = open(os.openpty()[1])
process.hung_up = hung_up
when_started(lambda: os.kill(os.getpid(), signal.SIGHUP))
""",
    "an interrupt that the main thread gets": """
from bridge.cli import process, serve
real = process.orders
def orders():
    following = real()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    when_started(lambda: os.kill(os.getpid(), signal.SIGINT))
    return following
serve.orders = orders
""",
    "the web's loop": """
from bridge.web.loop import Loop
Loop.run = lambda self: time.sleep(3)
""",
    "the web's socket": """
from bridge.web.listener import LimitedListener
def accept(self): raise ValueError("broken")
LimitedListener.handle_accept = accept
def knock():
    import socket
    from pathlib import Path
    from bridge.config import load
    place = tuple(load(Path(sys.argv[2]), {}).bridge.listen)
    while socket.socket().connect_ex(place):
        time.sleep(0.2)
threading.Thread(target=knock).start()
""",
    "a loop of the engine": """
from bridge.engine import Engine
def heartbeat(self):
    time.sleep(3)
    raise SystemExit
Engine._heartbeat = heartbeat
""",
    "a reload that raises": """
from bridge.cli.process import Process
def reload(self): raise RuntimeError("broken")
Process.reload = reload
when_started(lambda: os.kill(os.getpid(), signal.SIGHUP))
""",
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_breaks_a_part_ends_the_process_with_an_exit_code(serving: Serving, what: str) -> None:
    code, log = ended(serving, patch=FAULTS[what])

    assert code == 1
    assert "this process exits, so that it can be restarted" in log


def test_the_simulator_says_its_lines_to_nobody_and_goes_on(tmp_path: Path) -> None:
    port = free_port()
    reader, writer = os.pipe()
    os.close(reader)
    command = [PROGRAM, "sim", "--port", str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer, cwd=tmp_path
    )
    os.close(writer)
    try:
        until(lambda: process.poll() is None and reached(f"http://127.0.0.1:{port}/interface.asp"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait(60)


def reached(url: str) -> bool:
    try:
        requests.get(url, timeout=5)
    except requests.ConnectionError:
        return False
    return True


SHORT = tuple(
    map(
        str.split,
        (
            "jobs list --json",
            "config show",
            "doctor",
            "keys new",
            "--help",
            "jobs --help",
            "db check",
        ),
    )
)


@pytest.fixture
def short(
    tmp_path: Path, new_database: Callable[[str], str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Gives a command's exit code and what it said on standard error."""

    with Simulator(seed=1) as sim:
        path = write_config(tmp_path, sim, new_database("sqlite"))

        def run(*arguments: str, stdout: Any) -> tuple[int, str]:
            command = [PROGRAM, "--config", str(path), *arguments]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                timeout=120,
            )
            return done.returncode, done.stderr.decode()

        yield run


@pytest.mark.parametrize("arguments", SHORT, ids=" ".join)
def test_a_command_whose_reader_has_gone_ends_as_other_tools_do(
    short: Callable[..., tuple[int, str]], arguments: list[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code, said = short(*arguments, stdout=writer)
    os.close(writer)
    assert (code, said) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("arguments", SHORT, ids=" ".join)
def test_a_command_that_cannot_print_says_so(
    short: Callable[..., tuple[int, str]], arguments: list[str]
) -> None:
    with open(FULL, "wb") as full:
        code, said = short(*arguments, stdout=full)
    assert (code, said) == (1, "Error: the output cannot be written: No space left on device\n")


def test_a_command_without_an_output_does_its_work(
    short: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    target = tmp_path / "copy"
    command = 'exec "$0" --config "$1" db backup "$2" >&- 2>&- <&-'
    given = [PROGRAM, str(tmp_path / "bridge.toml"), str(target)]
    assert subprocess.run(["sh", "-c", command, *given], cwd=ROOT, timeout=120).returncode == 0
    assert target.exists()
