"""A bar on a terminal while something takes long; elsewhere nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bridge.reconcile.scan import OnProgress, silent


@contextmanager
def progress() -> Iterator[Callable[[str], OnProgress]]:
    """Gives a bar for each thing that is told of; all are gone at the end."""
    if not sys.stderr.isatty():
        yield lambda what: silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield partial(new_bar, shown)


def new_bar(shown: Progress, what: str) -> OnProgress:
    task = shown.add_task(what, total=None)
    return lambda done, of: shown.update(task, completed=done, total=of)
