"""A real PgBouncer in front of a PostgreSQL of the tests, in a temporary folder, on loopback."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.support.billing import until
from tests.support.postgres import free_port


class PgBouncer:
    """Each transaction gets whichever of the `size` connections to the server is free.

    It refuses root, as its server does.
    """

    def __init__(
        self, program: str, server_port: int, name: str, size: int = 4, **settings: str
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bridge-pgbouncer-"))
        self.port = free_port()
        result = {
            "listen_addr": "127.0.0.1", "listen_port": str(self.port), "unix_socket_dir": "", "auth_type": "any",
            "pool_mode": "transaction", "default_pool_size": str(size), "max_client_conn": "500", **settings,
        }  # fmt: skip
        lines = [f"{key} = {value}\n" for key, value in result.items()]
        database = f"{name} = host=127.0.0.1 port={server_port} dbname={name} user=bridge"
        place = self._folder / "pgbouncer.ini"
        place.write_text(f"[databases]\n{database}\n[pgbouncer]\n{''.join(lines)}")
        command = [program, "-q", str(place)]
        setpriv = shutil.which("setpriv")
        assert setpriv, "util-linux is missing"
        as_user: list[str] = []
        if os.geteuid() == 0:
            as_user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
            shutil.chown(self._folder, "postgres", "postgres")
            shutil.chown(place, "postgres", "postgres")
        with open(self._folder / "log", "ab") as log:
            command = [setpriv, *as_user, "--pdeathsig=KILL", *command]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/"
            )
        self.url = f"postgresql+psycopg://bridge@127.0.0.1:{self.port}/{name}"
        until(self._answers, 60, why=lambda: (self._folder / "log").read_text())

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            with psycopg.connect(self.url.replace("+psycopg", "")):
                return True
        except psycopg.OperationalError:
            return False

    def close(self) -> None:
        self._process.kill()
        self._process.wait(60)
        shutil.rmtree(self._folder)
