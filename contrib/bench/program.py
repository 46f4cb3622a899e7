"""`enom-bridge` in processes of its own, as it is run."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = (sys.executable, "-c", "from bridge.cli import main; main()")


@contextmanager
def running(path: Path, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
    """One process with the configuration of `path`, which is told to stop at the end."""
    with (path.parent / "said").open("ab") as said:
        process = subprocess.Popen(
            [*PROGRAM, "--config", str(path), *words], stdout=said, stderr=said
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
