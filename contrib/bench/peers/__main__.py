"""Runs each peer twice, undisturbed and with kill -9 once half of the hooks are told as done,
and prints a table."""

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from contrib.bench.drain import Remote, simulator
from contrib.bench.peers.counts import COMMANDS, Counts, Hook, count
from contrib.bench.peers.kinds import ACCOUNT, PEERS, Missing, Peer
from contrib.bench.peers.work import Receiver, Running, Senders
from contrib.bench.plot import bars
from contrib.bench.setting import head

COLUMNS = (
    "peer", "kill -9", "accepted/s", "completed/s", "all told after s", "lost", "told as failed", "repeated commands",
    "out of order", "mailboxes wrong", "calls a hook", "calls at once", "memory MiB", "installed MiB",
)  # fmt: skip


class Result(NamedTuple):
    accepted: float
    """Hooks a second."""
    completed: float
    took: float
    """Seconds until the last callback."""
    counts: Counts
    peak: int


def furnish(remote: Remote, mailboxes: int) -> list[list[Hook]]:
    """An account with a domain and a pak for each mailbox; and the hooks of each."""
    remote.control("/reset", method="POST")
    account = {
        "uid": ACCOUNT["ENOM_UID"],
        "token": ACCOUNT["ENOM_TOKEN"],
        "environment": "test",
        "allow": ["127.0.0.1"],
    }
    remote.control("/accounts", account)
    hooks = []
    for number in range(mailboxes):
        domain = f"example{number}.com"
        remote.control("/domains", {"uid": account["uid"], "domain": domain})
        bundle = remote.control(
            "/paks", {"domain": domain, "size": 1, "expires": "2035-01-01T00:00:00Z"}
        )["bundle"]
        address = f"post@{domain}"
        hooks.append(
            [
                Hook(f"msg_{number}_{n}", type, address, f"Made-Up.{number}x{n}9", bundle)
                for n, type in enumerate(COMMANDS)
            ]
        )
    return hooks


def run(
    peer: Peer,
    remote: Remote,
    mailboxes: int,
    connections: int,
    latency: float,
    kill: bool,
    patience: float,
) -> Result:
    hooks = furnish(remote, mailboxes)
    remote.control("/settings", {"latency": latency})
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as folder:
        running = Running(peer, Path(folder), remote.endpoint, receiver.url)
        begun = receiver.quiet_since = time.monotonic()
        senders = Senders(running.port, hooks, connections)
        wanted = {hook.id for each in hooks for hook in each}
        while wanted != set(receiver.result) and (
            senders.busy or time.monotonic() - receiver.quiet_since < patience
        ):
            if kill and len(receiver.result) >= len(wanted) / 2:
                kill = False
                running.kill()
                running.start()
                receiver.quiet_since = time.monotonic()
            time.sleep(0.01)
        running.close()
    receiver.close()
    boxes = [
        box
        for domain in remote.control("/state")["domains"].values()
        for box in domain["mailboxes"].items()
    ]
    counts = count(
        [hook for each in hooks for hook in each],
        set(senders.accepted),
        receiver.result,
        remote.control("/history")["history"],
        {address: box["password"] for address, box in boxes},
    )
    done = [
        at - begun for hook, at in receiver.at.items() if receiver.result[hook] == "job.succeeded"
    ]
    accepting, took = max(senders.accepted.values()) - begun, max(receiver.at.values()) - begun
    return Result(
        len(senders.accepted) / accepting,
        len(done) / max(done, default=1),
        took,
        counts,
        running.peak,
    )


def row(peer: Peer, kill: bool, result: Result, installed: int) -> str:
    counts = result.counts
    cells = (
        peer.name, "half-way" if kill else "", f"{result.accepted:.0f}", f"{result.completed:.1f}", f"{result.took:.1f}",
        counts.lost, counts.failed, counts.repeated, counts.out_of_order, counts.wrong, f"{counts.calls:.1f}", counts.at_once,
        f"{result.peak / 2**20:.0f}", f"{installed / 2**20:.1f}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    options = argparse.ArgumentParser(prog="contrib.bench.peers", description=__doc__)
    options.add_argument("--hooks", type=int, default=400, help="two for each mailbox")
    options.add_argument("--connections", type=int, default=8)
    options.add_argument(
        "--latency", type=float, default=0.2, help="seconds that each answer of Enom takes"
    )
    options.add_argument(
        "--patience", type=float, default=300, help="seconds without a callback until a run is over"
    )
    options.add_argument("--only", choices=PEERS, nargs="+", default=list(PEERS))
    options.add_argument(
        "--plot", type=Path, help="write a picture of what is completed a second, as SVG"
    )
    chosen = options.parse_args()
    what = (
        f"{chosen.hooks} hooks over {chosen.hooks // 2} mailboxes, {chosen.connections} connections"
    )
    print(head(f"{what}, latency {chosen.latency} s"))
    print(f"\n| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}")
    speeds, left_out = [], []
    for peer in (PEERS[name] for name in chosen.only):
        try:
            installed = peer.install()
        except Missing as missing:
            left_out.append(f"{peer.name} is left out: {missing}.")
            continue
        for kill in (False, True):
            with simulator() as remote:
                result = run(
                    peer,
                    remote,
                    chosen.hooks // 2,
                    chosen.connections,
                    chosen.latency,
                    kill,
                    chosen.patience if kill else 30,
                )
            print(row(peer, kill, result, installed), flush=True)
            speeds.append((f"{peer.name}{', killed' if kill else ''}", result.completed))
    print("\n".join(["", *left_out]))
    if chosen.plot:
        chosen.plot.write_text(bars("Hooks completed a second", speeds, ""), "utf-8")


if __name__ == "__main__":
    main()
