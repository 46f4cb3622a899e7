"""PostgreSQL behind a pooler such as PgBouncer, which gives each transaction whichever connection
is free.

It takes no settings when a connection begins, keeps none from one transaction to the next, and
knows neither LISTEN nor, in older versions, prepared statements. Then each transaction says its
settings itself, and who waits for news asks now and then.
"""

from contextlib import suppress
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from bridge.domain.errors import NotPossible
from bridge.reporting.refusals import refusal


class Pooler:
    """Finds out with the first connection whether there is one: it refuses the settings, or drops
    them.
    """

    def __init__(self, engine: Engine, settings: dict[str, str]) -> None:
        self.present: bool | None = None  # until it is known
        self._engine, self._settings = engine, settings
        self.statement = "; ".join(
            f"SET LOCAL {name} = '{value}'" for name, value in settings.items()
        )
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "connect", self._connected)

    def refuse(self) -> None:
        """Raises NotPossible where there is one, for what needs a connection of its own."""
        if self.present is None:
            # Where it fails, whoever asks will hear of it in the words of its own program.
            with suppress(DBAPIError), self._engine.connect():
                pass
        if self.present:
            raise NotPossible(refusal("behind_pooler"))

    def _connect(self, dialect: Any, _: object, places: list[Any], given: dict[str, Any]) -> Any:
        if not self.present:
            options = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
            try:
                return dialect.connect(*places, **given, options=options)
            except dialect.loaded_dbapi.OperationalError as error:
                if "startup parameter" not in str(error):
                    raise
                self.present = True
        return dialect.connect(*places, **given, prepare_threshold=None)

    def _connected(self, connection: Any, _: object) -> None:
        if self.present is None:
            name, value = next(iter(self._settings.items()))
            found = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            connection.rollback()
            self.present = found[0] != value
        if self.present:
            connection.prepare_threshold = None
