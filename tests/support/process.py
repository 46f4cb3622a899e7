"""A bridge in a process of its own, that can be killed, stopped and resumed: at a named point, or
at any time.

The processes are forks of one that has loaded everything, so that starting one takes a moment and
not a second.
"""

import faulthandler
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

from bridge.backends.hosted_email import codes
from bridge.infra import garbage, logs
from bridge.pipeline.worker import Worker
from bridge.wiring import Tuning
from tests.support.bridge import Running

SENDING = "sending"
"""Inside the process, after its last look at the lease and before the call: the one place where
no token can help."""

nursery = multiprocessing.get_context("forkserver")
nursery.set_forkserver_preload(["tests.support.process", "tests.support.warm"])
children = threading.Lock()
"""multiprocessing looks at every child whenever one is started, and minds no other thread."""


class Trap:
    """Sends a signal to its own process when a named point is passed for the n-th time since it
    was armed."""

    def __init__(self) -> None:
        self._lock = self.writing = threading.Lock()
        self._point, self._left, self._signal = "", 0, signal.SIGKILL

    def arm(self, point: str, nth: int, kind: signal.Signals) -> None:
        with self._lock:
            self._point, self._left, self._signal = point, nth, kind

    def __call__(self, point: str) -> None:
        with self._lock:
            if point != self._point:
                return
            self._left -= 1
            if self._left:
                return
            self._point = ""
            kind = self._signal
        # To this very thread: then nothing of it runs on after the call.
        if kind != signal.SIGSTOP:
            signal.pthread_kill(threading.get_ident(), kind)
        # SQLite stays locked for everybody while a process is stopped inside a transaction of
        # another thread.
        with self.writing:
            signal.pthread_kill(threading.get_ident(), kind)


def live(path: Path, orders: Connection, tuning: Mapping[str, Any], work: bool) -> None:
    """The child's whole life. It ends when its parent says so, or is gone."""
    log = os.open(path.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable()
    garbage.collect_apart()
    logs.configure("text")
    trap = Trap()
    call = Worker.call

    def trapped(worker: Worker, *arguments: Any) -> Any:
        trap(SENDING)
        return call(worker, *arguments)

    codes.LATER = {20: None, 22: 1.0, 25: 1.0}  # a few minutes, for tests
    Worker.call = trapped  # type: ignore[method-assign]
    running = Running(path, Tuning(checkpoint=trap, **tuning), work=work)
    trap.writing = running.service.database.write_lock
    orders.send(running.server.port)
    try:
        while order := orders.recv():
            trap.arm(*order)
            orders.send(True)
    except EOFError:
        os._exit(1)
    running.close()


class Bridge:
    """`path` as `write_config` wrote it.

    `tuning`: fields of wiring.Tuning. `work` False: it only receives.
    """

    def __init__(self, path: Path, *, work: bool = True, **tuning: Any) -> None:
        self._orders, theirs = nursery.Pipe()
        tuning = {"lease": 5.0, "callback_lease": 5.0, "callback_retries": (0.2,) * 60, **tuning}
        self._log = path.with_suffix(".log")
        with children:
            self.process = nursery.Process(target=live, args=(path, theirs, tuning, work))
            self.process.start()
        theirs.close()
        try:
            assert self._orders.poll(90), "no sign of life in 90 s"
            self.port: int = self._orders.recv()
        except (AssertionError, EOFError) as error:
            self.process.kill()
            raise AssertionError(self._said(f"the bridge did not start ({error!r})", 60)) from None

    @property
    def hooks(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/shop"

    def arm(self, point: str, *, nth: int = 1, kind: signal.Signals = signal.SIGKILL) -> None:
        self._orders.send((point, nth, kind))
        self._orders.recv()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.killed(60)

    def dies_of(self, body: bytes, headers: Mapping[str, str], seconds: float = 90) -> None:
        """Sends a hook, again and again until it is taken, and waits until what is armed has killed
        the bridge, which may be before it answers."""
        end = time.monotonic() + seconds
        with requests.Session() as session:
            session.trust_env = False
            while self._exit_code(0) is None and time.monotonic() < end:
                try:
                    answer = session.post(self.hooks, data=body, headers=headers, timeout=20)
                except requests.RequestException:
                    continue
                if answer.ok:
                    break
                assert answer.status_code == 503, answer.text  # the database was busy for long
        if not self.killed(end - time.monotonic()):
            raise AssertionError(self._said("the armed point was not passed"))

    def signal(self, kind: signal.Signals) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, kind)

    def killed(self, seconds: float) -> bool:
        """Whether it was killed within that time."""
        return self._exit_code(seconds) == -signal.SIGKILL

    def stopped(self) -> bool:
        state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"

    def close(self) -> bool:
        """A graceful end; a process that is dead already stays so.

        May be called again. Whether it ended without fault.
        """
        if self._orders.closed:
            return True
        if self._exit_code(0) is None:
            self.signal(signal.SIGCONT)
            self._orders.send(None)
            if self._exit_code(60) is None:
                self.kill()
        well = self._exit_code(0) == 0
        self._orders.close()
        with children:
            self.process.close()
        return well

    def _said(self, fault: str, seconds: float = 0) -> str:
        code = self._exit_code(seconds)
        words = (
            self._log.read_text()[-4000:]
            if self._log.exists()
            else "none; what came before its log is in the captured stderr"
        )
        return f"{fault}, exit code {code}; its last words:\n{words}"

    def _exit_code(self, seconds: float) -> int | None:
        end = time.monotonic() + seconds
        while True:
            with children:
                code = self.process.exitcode
            if code is not None or time.monotonic() > end:
                return code
            time.sleep(0.02)
