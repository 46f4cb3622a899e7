"""What the libraries work out anew for each app and each engine, kept for the whole run: it is the
same each time.

A program makes one app and one engine. The tests make a thousand of each, and spent a third of
their time on this.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.engine import Connection, Dialect, Engine
from werkzeug.routing import Rule

RULES: dict[tuple[Any, ...], dict[str, Any]] = {}


class KeptRule(Rule):
    """Is compiled once for each pattern: 2 ms, of which an app has forty."""

    def compile(self) -> None:
        assert self.map is not None, "a rule is compiled when it is bound to a map"
        host = self.host if self.map.host_matching else self.subdomain
        defaults = tuple(sorted((self.defaults or {}).items()))
        key = (self.rule, host, defaults, self.merge_slashes)
        if key not in RULES:
            before = vars(self).copy()
            super().compile()
            made = {
                name: value for name, value in vars(self).items() if value is not before.get(name)
            }
            RULES[key] = made | {"arguments": self.arguments}
        vars(self).update(RULES[key])


class KeptStatements(MutableMapping[Any, Any]):
    """Compiled statements by the kind of store where SQLAlchemy keeps them by engine."""

    def __init__(self) -> None:
        self._kept: dict[Any, Any] = {}

    def _key(self, key: tuple[Any, ...]) -> tuple[Any, ...]:
        dialect: Dialect = key[0]
        return (dialect.name, dialect.driver, *key[1:])

    def __getitem__(self, key: Any) -> Any:
        return self._kept[self._key(key)]

    def __setitem__(self, key: Any, compiled: Any) -> None:
        self._kept[self._key(key)] = compiled

    def __delitem__(self, key: Any) -> None:
        del self._kept[self._key(key)]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def keep() -> None:
    """From now on, for every app and every engine of this process."""
    statements = KeptStatements()

    def connected(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)

    Flask.url_rule_class = KeptRule
    sa.event.listen(Engine, "engine_connect", connected)
