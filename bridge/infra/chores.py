"""What has to happen now and then, each by itself: one that fails ends nobody else's turn, and is seen to fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bridge.domain.errors import StoreUnavailable
from bridge.infra import logs
from bridge.infra.events import Watch

log = logs.get("chores")

AGAIN = 60.0  # seconds at least until one that failed is tried again, so that it does not fill the log


@dataclass(frozen=True)
class Chore:
    """`every` so many seconds. What `do` returns is nobody's concern, what it raises its own alone."""

    name: str
    every: float
    do: Callable[[], object]


@dataclass
class Chores:
    table: Sequence[Chore]
    watch: Watch = field(default_factory=Watch)
    _due: dict[str, float] = field(default_factory=dict, repr=False)
    _failing: set[str] = field(default_factory=set, repr=False)

    def run_due(self, clock: Callable[[], float]) -> None:
        """Those whose time has come; all of them at first. `clock` in seconds, never going back."""
        for chore in self.table:
            if clock() >= self._due.get(chore.name, float("-inf")):
                done = self._run(chore)
                self._due[chore.name] = clock() + (chore.every if done else max(chore.every, AGAIN))

    def _run(self, chore: Chore) -> bool:
        try:
            chore.do()
        except StoreUnavailable as error:
            log.error("the database is not reachable; retrying", chore=chore.name, error=str(error))
        except Exception:  # of any kind: one chore must not stop the others
            log.exception("unexpected error in a background task; it will be retried", chore=chore.name)
        else:
            if chore.name in self._failing:
                log.info("works again", chore=chore.name)
            self._failing.discard(chore.name)
            self.watch.tell("chore", name=chore.name, outcome="done")
            return True
        self._failing.add(chore.name)
        self.watch.tell("chore", name=chore.name, outcome="failed")
        return False
