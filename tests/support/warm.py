"""Loads and computes once what every bridge needs, for the process whose forks the bridges are (see
`process`).

Each fork would do it again: import psycopg, read the list of public suffixes, make the schemas. No
thread may be left.
"""

import tempfile
from pathlib import Path

import psycopg  # noqa: F401  a bridge imports it only when it has PostgreSQL

from bridge import config, wiring
from bridge.backends.enom.domains import perhaps_meant
from bridge.cli import serve  # noqa: F401  a command's file is loaded when it is asked for
from bridge.sim import Simulator
from bridge.web import create_app
from tests.support.bridge import write_config
from tests.support.kept import keep

keep()
perhaps_meant("example.com")
with tempfile.TemporaryDirectory() as folder, Simulator() as sim:
    service = wiring.build(config.load(write_config(Path(folder), sim), {}))
    wiring.prepare(service)
    create_app(service)
    service.close()
