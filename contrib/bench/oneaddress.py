"""A hook's worst wait while one address, or one slow remote, takes what it can get of the web side.

The bridge runs as `serve`. One hook after another comes on a connection of its own, from an address
of its own.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from contrib.bench.drain import furnish, simulator
from contrib.bench.program import free_port, running
from contrib.bench.setting import configure, hook

BILLING, OTHER = "127.0.0.1", "127.0.0.66"  # a loopback has sixteen million addresses
GET = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
PATIENCE = 60.0  # seconds until a hook is given up
SLOW = 20.0  # seconds that the remote takes
ASKING = 24  # queries at a time
MAILBOXES = 40


async def keep_alive(port: int, connections: int = 250, fresh: int = 100) -> None:
    """So many connections with a request each, always; and so many new ones a second, each with
    one request."""

    async def one() -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await talk(port, GET, 1, again=True)
            await asyncio.sleep(0.1)

    old = [asyncio.create_task(one()) for _ in range(connections)]
    new: set[asyncio.Task[None]] = set()
    while True:
        task = asyncio.create_task(quiet(talk(port, GET, 1, again=False, linger=PATIENCE)))
        new.add(task)
        task.add_done_callback(new.discard)
        await asyncio.sleep(1 / fresh)
        assert old


async def pipelined(port: int, connections: int = 1000, ahead: int = 16) -> None:
    """So many connections that send so many requests at once, again and again."""

    async def one() -> None:
        while True:
            await quiet(talk(port, GET * ahead, ahead, again=True))
            await asyncio.sleep(0.1)

    await asyncio.gather(*(one() for _ in range(connections)))


async def talk(port: int, request: bytes, answers: int, again: bool, linger: float = 0.0) -> None:
    reader, writer = await asyncio.open_connection(BILLING, port, local_addr=(OTHER, 0))
    try:
        while True:
            writer.write(request)
            for _ in range(answers):
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split()[0])
                await reader.readexactly(length)
            if not again:
                await asyncio.sleep(linger)
                return
    finally:
        writer.close()


async def quiet(work: Any) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        await work


def crowd(shape: str, port: int) -> None:
    asyncio.run(
        {"keep-alive": keep_alive, "pipelined": pipelined, "behind a proxy": keep_alive}[shape](
            port
        )
    )


@contextmanager
def attacked(shape: str, port: int) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(
        target=crowd, args=(shape, port), daemon=True
    )
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


@contextmanager
def asking(port: int) -> Iterator[None]:
    """Billing asks for the status of its mailboxes, so many at a time, and again as soon as it
    was answered."""
    over = threading.Event()

    def ask(first: int) -> None:
        while not over.is_set():
            body, headers = hook(
                "mailbox.status", service_id=str(first), address=f"user{first}@example0.com"
            )
            status = post(port, "/query/shop", body, headers)
            if status != 200:
                over.wait(1.0)

    threads = [
        threading.Thread(target=ask, args=(number,), daemon=True) for number in range(ASKING)
    ]
    for thread in threads:
        thread.start()
    yield
    over.set()


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(f"http://{BILLING}:{port}{path}", body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def waits(port: int, seconds: float, first: int) -> list[float]:
    """How long each hook took; one that was not taken counts with all our patience."""
    took, end = [], time.monotonic() + seconds
    number = first
    while time.monotonic() < end:
        number += 1
        body, headers = hook(
            "mailbox.suspend", service_id=str(number), address=f"new{number}@example.net"
        )
        begun = time.perf_counter()
        status = post(port, "/hooks/shop", body, headers)
        took.append(time.perf_counter() - begun if status in (200, 202) else PATIENCE)
        time.sleep(0.1)
    return took


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=30.0, help="of each measurement")
    options.add_argument(
        "--only", choices=["idle", "keep-alive", "pipelined", "behind a proxy", "queries"]
    )
    chosen = options.parse_args()
    print("| | hooks | median ms | worst ms |\n| --- | --- | --- | --- |", flush=True)
    shapes: dict[str, Callable[[int], Any]] = {
        "idle": lambda port: nullcontext(),
        "keep-alive": lambda port: attacked("keep-alive", port),
        "pipelined": lambda port: attacked("pipelined", port),
        "behind a proxy": lambda port: attacked("behind a proxy", port),
        "queries": asking,
    }
    for name in [chosen.only] if chosen.only else shapes:
        took = measured(
            shapes[name], chosen.seconds, slow=name == "queries", proxy=name == "behind a proxy"
        )
        print(
            (
                f"| {name} | {len(took)} | {1000 * statistics.median(took):.0f} | "
                f"{1000 * max(took):.0f} |"
            ),
            flush=True,
        )


def measured(shape: Callable[[int], Any], seconds: float, slow: bool, proxy: bool) -> list[float]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, simulator() as sim:
        furnish(sim, 1, MAILBOXES)
        path = configure(Path(folder), sim.endpoint, sim.hosted_email, in_flight=32, concurrency=4)
        listen = f'listen = "127.0.0.1:{port}"' + (
            '\ntrusted_proxies = ["127.0.0.0/8"]' if proxy else ""
        )
        path.write_text(path.read_text().replace('listen = "127.0.0.1:0"', listen))
        with running(path, "serve"):
            wait_for(port)
            own(path)
            if slow:
                sim.control("/settings", {"latency": SLOW})
            with shape(port):
                time.sleep(5.0)
                return waits(port, seconds, 1000)


def own(path: Path) -> None:
    """The mailboxes that are asked for belong to their services."""
    from bridge import config, wiring
    from bridge.domain.model import Address

    service = wiring.build(config.load(path, {}))
    for number in range(MAILBOXES):
        service.operator.adopt(
            "main", Address.parse(f"user{number}@example0.com"), "shop", str(number)
        )
    service.close()


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with (
            suppress(OSError),
            urllib.request.urlopen(f"http://{BILLING}:{port}/healthz", timeout=5),
        ):
            return
        time.sleep(0.1)
    raise SystemExit("The bridge does not answer.")


if __name__ == "__main__":
    main()
