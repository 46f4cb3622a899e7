"""A PostgreSQL of the tests' own: made in a temporary folder, on loopback, gone when they end."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path

import psycopg

from tests.support.billing import until
from tests.support.programs import found

# The tests kill processes, never the machine: nothing has to reach the disk.
SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=500",
    "listen_addresses=127.0.0.1",
    "shared_buffers=32MB",
)


def folder() -> Path | None:
    """Where initdb is. Debian keeps it outside of any PATH, but not its pg_ctlcluster."""
    debian = Path("/usr/lib/postgresql").glob("*/bin/initdb") if found("pg_ctlcluster") else ()
    newest = sorted(debian, key=lambda path: float(path.parts[-3]), reverse=True)
    there = str(newest[0]) if newest else found("initdb")
    return Path(there).resolve().parent if there else None


class Ended(Exception):
    """The server is gone; its last words."""


class Postgres:
    """One server. PostgreSQL refuses to run as root, so root runs it as the user `postgres`."""

    def __init__(self, programs: Path, settings: Sequence[str] = SETTINGS) -> None:
        self._programs, self._settings = programs, settings
        self._folder = Path(tempfile.mkdtemp(prefix="bridge-postgres-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self._folder, "postgres", "postgres")
        self._numbers = count(1)
        make = [
            *self._as_user,
            str(programs / "initdb"),
            f"--pgdata={self._folder}/data",
            "--username=bridge",
        ]
        options = ["--auth=trust", "--no-sync", "--encoding=UTF8"]
        done = subprocess.run(
            [*make, *options], capture_output=True, text=True, cwd="/", timeout=120
        )
        assert done.returncode == 0, (
            f"initdb ended with {done.returncode}: {done.stdout}{done.stderr}"
        )
        for tries_left in (2, 1, 0):
            self.port = free_port()
            try:
                self.start()
                break
            except Ended as error:  # another process may have taken the port meanwhile
                if not tries_left or "Address already in use" not in str(error):
                    raise

    def start(self) -> None:
        command = [
            str(self._programs / "postgres"),
            "-D",
            f"{self._folder}/data",
            "-k",
            str(self._folder),
            "-p",
            str(self.port),
        ]
        command += [f"--{setting}" for setting in self._settings]
        if setpriv := shutil.which(
            "setpriv"
        ):  # so that it dies with the tests, even when they are killed
            command = [*(self._as_user or [setpriv]), "--pdeathsig=QUIT", *command]
        with open(self._folder / "log", "ab") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        until(self._answers, 60, why=self._said)

    def _said(self) -> str:
        return (self._folder / "log").read_text()[-4000:]

    def _answers(self) -> bool:
        if self._server.poll() is not None:
            raise Ended(f"PostgreSQL ended with {self._server.returncode}: {self._said()}")
        try:
            self._tell("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """At once, as in a crash."""
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(60)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def create(self, template: str = "template1") -> str:
        """A fresh database, as a copy of `template`; its name."""
        name = f"bridge_{next(self._numbers)}"
        self._tell(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://bridge@127.0.0.1:{self.port}/{name}"

    def _tell(self, command: str) -> None:
        with psycopg.connect(
            f"postgresql://bridge@127.0.0.1:{self.port}/postgres", autocommit=True
        ) as connection:
            connection.execute(command)  # type: ignore[arg-type]


def free_port() -> int:
    """Below those that the kernel gives to connections: what is restarted on its port must find it
    free again, whatever connects meanwhile."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
