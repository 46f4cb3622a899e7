"""Hooks accepted per second: durable (SQLite, synchronous FULL; PostgreSQL) beside the same app
storing nothing, by turns.

The load comes from a process of its own with 16 connections; every body is signed beforehand and
used once.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from bridge.config import HostPort
from bridge.domain.ports import Arrival, Inbox, Receipt
from bridge.web import create_app
from bridge.web.server import Server
from contrib.bench.setting import NOWHERE, build, head, hook
from contrib.bench.stores import stores

Figures = tuple[float, float, float]  # rate a second, p50 and p99 in milliseconds
NAMES = (
    "durable (SQLite, synchronous FULL)",
    "durable (PostgreSQL, two processes)",
    "verified and validated, not stored",
)
NOTHING = Receipt(
    "job_none",
    "msg",
    "mailbox.suspend",
    "a@example.com",
    "1",
    1,
    "queued",
    None,
    "unknown",
    False,
    {},
    "",
    None,
)


class Forgetful:
    """An inbox that stores nothing."""

    def accept_all(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        return [NOTHING] * len(arrivals)


def serve(keeps: bool, url: str, pipe: Connection) -> None:
    """One bridge without workers; `keeps` False: the inbox is replaced by one that forgets."""
    with tempfile.TemporaryDirectory() as folder:
        service = build(Path(folder), NOWHERE + "/interface.asp", NOWHERE + "/api", database=url)
        if not keeps:
            service.intake.inbox = cast(Inbox, Forgetful())
        server = Server(create_app(service), HostPort("127.0.0.1", 0), None)
        server.start()
        begun = time.process_time()
        pipe.send(server.port)
        pipe.recv()
        pipe.send(time.process_time() - begun)
        server.stop()
        service.close()


class Line(asyncio.Protocol):
    """One connection that sends the next hook as soon as the last one is answered.

    Its cost is small beside the bridge's.
    """

    def __init__(self, hooks: Iterator[bytes], times: list[float]) -> None:
        self.hooks, self.times, self.answer = hooks, times, b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self.answer += data
        head, found, body = self.answer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length:")[2].split()[0]):
            return
        self.times.append(time.perf_counter() - self.begun)
        self.answer = b""
        if head.split()[1] == b"202":
            self._send()
        else:
            self.over.set_exception(SystemExit(f"The bridge answers: {head.decode()}"))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(SystemExit(f"The bridge closed a connection: {error}"))

    def _send(self) -> None:
        hook = next(self.hooks, None)
        if hook is None:
            self.over.set_result(None)
            self.transport.close()
        else:
            self.begun = time.perf_counter()
            self.transport.write(hook)


def load(
    ports: Sequence[int], count: int, connections: int, pipe: Connection, first: int = 0
) -> None:
    """Sends so many hooks and tells the rate a second and how long each took, in seconds,
    shortest first."""
    hooks = [ready_made(number) for number in range(first, first + count)]
    pipe.send(asyncio.run(send(ports, iter(hooks), connections)))


def ready_made(number: int) -> bytes:
    """A whole request."""
    body, headers = hook(
        "mailbox.suspend", service_id=str(number), address=f"user{number}@example{number % 97}.com"
    )
    lines = ["POST /hooks/shop HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    return (
        "\r\n".join(
            [*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        ).encode()
        + body
    )


async def send(
    ports: Sequence[int], hooks: Iterator[bytes], connections: int
) -> tuple[float, list[float]]:
    times: list[float] = []
    loop, begun = asyncio.get_running_loop(), time.perf_counter()
    places = [ports[nth % len(ports)] for nth in range(connections)]
    made = [
        await loop.create_connection(lambda: Line(hooks, times), "127.0.0.1", port)
        for port in places
    ]
    await asyncio.gather(*(line.over for _, line in made))
    return len(times) / (time.perf_counter() - begun), sorted(times)


def measure(keeps: bool, urls: Sequence[str], count: int, connections: int) -> tuple[float, ...]:
    """`Figures` and the milliseconds of the processor for each hook; one bridge for each url."""
    context = multiprocessing.get_context("spawn")
    bridges = []
    for url in urls:
        ours, theirs = context.Pipe()
        bridges.append((context.Process(target=serve, args=(keeps, url, theirs)), ours))
        bridges[-1][0].start()
    figures, used = loaded([pipe.recv() for _, pipe in bridges], count, connections), 0.0
    for process, pipe in bridges:
        pipe.send("stop")
        used += pipe.recv()
        process.join()
    return (*figures, 1000 * used / count)


def loaded(ports: Sequence[int], count: int, connections: int) -> Figures:
    """What a load from a process of its own measures."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    client = context.Process(target=load, args=(ports, count, connections, theirs))
    client.start()
    rate, times = ours.recv()
    client.join()
    return rate, 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--hooks", type=int, default=3000)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument(
        "--postgres", action="store_true", help="also with two processes on one PostgreSQL"
    )
    chosen = options.parse_args()
    with stores(chosen.postgres) as found:
        rounds = [
            [measure(*kind, chosen.hooks, chosen.connections) for kind in kinds(found)]
            for _ in range(chosen.rounds)
        ]
    print(
        head(
            f"Hooks accepted, {chosen.connections} connections, {chosen.hooks} hooks a round, "
            f"{chosen.rounds} rounds"
        )
    )
    print("\n| | hooks/s | p50 ms | p99 ms | processor ms a hook | ÷ not stored |")
    print("| --- | --- | --- | --- | --- | --- |")
    medians = [
        [statistics.median(turn[index][column] for turn in rounds) for column in range(4)]
        for index in range(len(rounds[0]))
    ]
    for name, (rate, p50, p99, used) in zip(
        (*NAMES[: len(medians) - 1], NAMES[-1]), medians, strict=True
    ):
        ratio = rate / medians[-1][0]
        print(f"| {name} | {rate:.0f} | {p50:.1f} | {p99:.1f} | {used:.2f} | {ratio:.2f} |")


def kinds(found: Mapping[str, Callable[[], str]]) -> list[tuple[bool, Sequence[str]]]:
    """Whether they store, and the database of each process; in the order of NAMES."""
    several = [(True, [found["PostgreSQL"]()] * 2)] if "PostgreSQL" in found else []
    return [(True, [""]), *several, (False, [""])]


if __name__ == "__main__":
    main()
