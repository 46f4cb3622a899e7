"""What has to happen now and then, each by itself: one that fails ends nobody else's turn, and
is seen to fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bridge.domain.errors import StoreUnavailable
from bridge.infra import logs
from bridge.infra.events import Events

log = logs.get("chores")

AGAIN = (
    60.0  # seconds at least until one that failed is tried again, so that it does not fill the log
)


@dataclass(frozen=True)
class PeriodicTask:
    """`every` so many seconds.

    What `do` returns is nobody's concern, what it raises its own alone.
    """

    name: str
    every: float
    do: Callable[[], object]


@dataclass
class PeriodicTasks:
    table: Sequence[PeriodicTask]
    events: Events = field(default_factory=Events)
    _due: dict[str, float] = field(default_factory=dict, repr=False)
    _failing: set[str] = field(default_factory=set, repr=False)

    def run_due(self, clock: Callable[[], float]) -> None:
        """Those whose time has come; all of them at first. `clock` in seconds, never going back."""
        for task in self.table:
            if clock() >= self._due.get(task.name, float("-inf")):
                done = self._run(task)
                self._due[task.name] = clock() + (task.every if done else max(task.every, AGAIN))

    def _run(self, task: PeriodicTask) -> bool:
        try:
            task.do()
        except StoreUnavailable as error:
            log.error("the database is not reachable; retrying", task=task.name, error=str(error))
        except Exception:  # of any kind: one chore must not stop the others
            log.exception(
                "unexpected error in a background task; it will be retried", task=task.name
            )
        else:
            if task.name in self._failing:
                log.info("works again", task=task.name)
            self._failing.discard(task.name)
            self.events.report("chore", name=task.name, outcome="done")
            return True
        self._failing.add(task.name)
        self.events.report("chore", name=task.name, outcome="failed")
        return False
