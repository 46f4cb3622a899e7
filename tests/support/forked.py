"""`enom-bridge` in a process of its own that has loaded the program already: for tests of what it
does once it runs. How the interpreter starts and ends is not what they are about.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

from bridge.cli import main
from tests.support.process import children, nursery


def live(arguments: list[str], log: Path) -> None:
    """The child's whole life; its exit code is the command's."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
    main(arguments)


class Forked:
    """As much of subprocess.Popen as tests ask of it. Both of its streams go to the end of `log`."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        with children:
            self._process = nursery.Process(target=live, args=(arguments, log))
            self._process.start()
        assert self._process.pid
        self.pid: int = self._process.pid

    def poll(self) -> int | None:
        with children:
            return self._process.exitcode

    def wait(self, timeout: float) -> int:
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("enom-bridge", timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, kind: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, kind)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
