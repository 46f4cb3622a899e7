"""Takes connections: everybody who waits, and of one address only so many."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from waitress.server import TcpWSGIServer

from bridge.infra import clients
from bridge.web.connection import Connection, give_way, peer_of, problem, served
from bridge.web.loop import Loop

MOST_OF_ONE = 100  # connections of one address that is no trusted proxy
# Seconds after a connection that could not be accepted, for want of a descriptor: the next would
# fail as well, in every round, each with a line in the log.
PAUSE = 1.0
# Connections that are accepted or refused before those that are open have their turn.
AT_ONCE = 1000

FULL = problem(
    503,
    "Not available",
    "Too many connections from this address at a time. Close some, and send it again.",
)
REFUSED = (
    b"HTTP/1.1 503 Not available\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
    b"Retry-After: 1\r\nContent-Length: %d\r\n\r\n%s" % (len(FULL), FULL)
)


class LimitedListener(TcpWSGIServer):
    """Takes connections: everybody who waits, and so many of one address.

    `trusted`: the networks of our own proxies.
    """

    channel_class = Connection
    trusted: Callable[[], Sequence[clients.Network]] = tuple
    loop: Loop
    accepts_from = 0.0  # on the monotonic clock
    active_channels: Any  # these are not whole in the published stubs
    effective_port: Any
    next_channel_cleanup: Any
    _map: Any

    def readable(self) -> bool:
        """Without waitress's line whenever the limit is met: strangers decide how often that is."""
        now: Any = time.time()
        if now >= self.next_channel_cleanup:
            self.next_channel_cleanup = now + self.adj.cleanup_interval
            self.maintenance(now)
        self.in_connection_overflow = len(self._map) >= self.adj.connection_limit
        return not self.in_connection_overflow and time.monotonic() >= self.accepts_from

    def pull_trigger(self) -> None:
        """Wakes the loop, which asks the connection of this thread what it waits for now."""
        channel = getattr(served, "channel", None)
        if channel is not None:
            self.loop.changed(channel.descriptor)
        if not getattr(served, "quiet", False):
            super().pull_trigger()

    def handle_accept(self) -> None:
        """Not one in each round of the loop: a round is long while many send."""
        for _ in range(AT_ONCE):
            if len(self._map) >= self.adj.connection_limit:
                return
            try:
                accepted = self.accept()
            except OSError as fault:
                self.logger.warning("A connection could not be accepted: %s", fault)
                self.accepts_from = time.monotonic() + PAUSE
                return
            if accepted is None:
                return  # nobody waits any more
            self._take(*accepted)

    def _take(self, wire: Any, address: Any) -> None:
        has_place = self._has_place(address)
        try:
            wire.setblocking(False)
            self.set_socket_options(wire)
            if not has_place:
                wire.send(REFUSED)
        except OSError:
            has_place = False  # the other side has gone meanwhile
        if has_place:
            self.channel_class(
                self, wire, self.fix_addr(address), self.adj, map=self._map
            ).read_at_once()
        else:
            wire.close()

    def _has_place(self, address: Any) -> bool:
        """A slow connection of the same address makes room; without one there is none."""
        if clients.within(clients.read(str(address[0])), self.trusted()):
            return True
        peer = peer_of(address)
        mine = [
            one for one in self.active_channels.values() if one.peer == peer and not one.will_close
        ]
        return len(mine) < MOST_OF_ONE or give_way(mine)

    def client_of(self, channel: Connection, request: Any) -> str:
        """Whose turn the request takes: of a proxy of ours, that of whoever is behind it."""
        forwarded = request.headers.get("X_FORWARDED_FOR", "")
        if not forwarded:
            return channel.peer
        return clients.counted_as(clients.of(str(channel.addr[0]), forwarded, self.trusted()))
