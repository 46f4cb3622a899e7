"""An hour's hooks in minutes, without a pause: memory, open files, connections and threads stay
as they are."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.audit import open_ends
from tests.support.process import Bridge
from tests.support.stage import Stage

SENDERS = 4
EVERY = 5.0  # seconds between two looks
# seconds in which pools fill and caches are made; it takes them as long however long the soak is
WARM = 90.0
ROUND = ("change_password", "suspend", "unsuspend", "change_plan")


class Watched:
    """What a process holds, from time to time."""

    def __init__(self, pid: int) -> None:
        self.proc = Path(f"/proc/{pid}")
        self.looks: list[dict[str, float]] = []

    def look(self, at: float) -> None:
        said = dict(line.split(":", 1) for line in (self.proc / "status").read_text().splitlines())
        memory = int(said["VmRSS"].split()[0]) / 1024
        files = [
            each.readlink().as_posix() for each in (self.proc / "fd").iterdir() if each.is_symlink()
        ]
        sockets = sum(name.startswith("socket:") for name in files)
        self.looks.append(
            {
                "at": at,
                "MB": memory,
                "files": len(files),
                "sockets": sockets,
                "threads": int(said["Threads"]),
            }
        )

    def growth(self, name: str) -> float:
        """By how much a straight line through the looks after warming up rises, from its begin
        to its end."""
        settled = [look for look in self.looks if look["at"] >= WARM]
        xs, ys = [look["at"] for look in settled], [look[name] for look in settled]
        middle, level = sum(xs) / len(xs), sum(ys) / len(ys)
        slope = sum((x - middle) * (y - level) for x, y in zip(xs, ys, strict=True)) / sum(
            (x - middle) ** 2 for x in xs
        )
        return slope * (xs[-1] - xs[0])


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_an_hour_of_hooks_leaves_nothing_behind(
    store: str,
    database_url: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    tally: Callable[..., None],
) -> None:
    seconds = request.config.getoption("--soak")
    assert seconds >= 2 * WARM, "A shorter soak says nothing: see WARM."
    stage = Stage(tmp_path)
    for number in range(SENDERS):
        stage.domain(f"soak{number}.test")
    bridge = Bridge(stage.config(database_url, account__settle=0.2), lease=10.0)
    watched, sent, over = Watched(bridge.process.pid or 0), [0] * SENDERS, threading.Event()
    try:
        with ThreadPoolExecutor(SENDERS) as pool:
            running = [
                pool.submit(traffic, stage, bridge, number, sent, over) for number in range(SENDERS)
            ]
            begin = time.monotonic()
            while (now := time.monotonic() - begin) < seconds and not any(
                each.done() for each in running
            ):
                watched.look(now)
                time.sleep(EVERY)
            over.set()
        for each in running:
            each.result()
        stage.ended(database_url, sum(sent), 300)
        assert open_ends(database_url)()[1] == 0
    finally:
        over.set()
        bridge.close()
        stage.close()
    grew = {name: round(watched.growth(name), 1) for name in ("MB", "files", "sockets", "threads")}
    first, last = watched.looks[0], watched.looks[-1]
    request.config.get_terminal_writer().line(
        f"soak, {store}: {sum(sent)} hooks, from {first} to {last}, growth {grew}"
    )
    tally(
        "soak",
        store,
        None,
        hooks=sum(sent),
        seconds=int(last["at"]),
        megabytes=int(last["MB"]),
        files=int(last["files"]),
    )
    assert grew["MB"] < 8
    assert grew["files"] < 4 and grew["sockets"] < 4 and grew["threads"] < 2


def traffic(
    stage: Stage, bridge: Bridge, number: int, sent: list[int], over: threading.Event
) -> None:
    """One sender, with mailboxes of its own: created once, then the same again and again."""
    boxes = [f"box{n}@soak{number}.test" for n in range(2)]
    turn = 0
    while not over.is_set():
        for box in boxes:
            action = "create" if turn == 0 else ROUND[turn % len(ROUND)]
            data: dict[str, str] = (
                {"plan": ("basic", "large")[turn // 4 % 2]} if action == "change_plan" else {}
            )
            data |= (
                {"password": f"Planted-{turn:06}.Xy"}
                if action in ("create", "change_password")
                else {}
            )
            stage.send(
                lambda: bridge.hooks,
                f"mailbox.{action}",
                wait=10,
                service_id=box,
                address=box,
                **data,
            )
            sent[number] += 1
        turn += 1
        over.wait(0.05)
