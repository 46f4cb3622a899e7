"""A PostgreSQL of the tests' own: made in a temporary folder, on loopback, gone when they end."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

# The tests kill processes, never the machine: nothing has to reach the disk.
SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=500", "listen_addresses=127.0.0.1", "shared_buffers=32MB")


def programs() -> Path | None:
    """The folder of initdb: of the newest installed version, else the one in PATH."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(versions, key=lambda path: float(path.parts[-3]), reverse=True)
    found = str(newest[0]) if newest else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Postgres:
    """One server. PostgreSQL refuses to run as root, so root runs it as the user `postgres`."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="bridge-postgres-"))
        self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        if self._as_user:
            shutil.chown(self._folder, "postgres", "postgres")
        self._databases = 0
        self._run(
            "initdb", "--pgdata", f"{self._folder}/data", "--auth=trust", "--username=bridge", "--no-sync", "--encoding=UTF8"
        )
        self.port = free_port()
        self.start()

    def start(self) -> None:
        options = [f"-c {setting}" for setting in (*SETTINGS, f"unix_socket_directories={self._folder}", f"port={self.port}")]
        log = f"{self._folder}/log"
        self._run("pg_ctl", "start", "--wait", "--pgdata", f"{self._folder}/data", "--log", log, "--options", " ".join(options))

    def stop(self) -> None:
        """At once, as in a crash."""
        self._run("pg_ctl", "stop", "--wait", "--mode=immediate", "--pgdata", f"{self._folder}/data")

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def create(self, template: str = "template1") -> str:
        """A fresh database, as a copy of `template`; its name."""
        self._databases += 1
        name = f"bridge_{self._databases}"
        self._tell(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        return name

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://bridge@127.0.0.1:{self.port}/{name}"

    def _tell(self, command: str) -> None:
        with psycopg.connect(f"postgresql://bridge@127.0.0.1:{self.port}/postgres", autocommit=True) as connection:
            connection.execute(command)  # type: ignore[arg-type]

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), *arguments]
        # Not through a pipe: the server would inherit it and keep it open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(command, stdout=output, stderr=output, cwd="/", timeout=60)
            output.seek(0)
            assert done.returncode == 0, output.read().decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
