"""What `enom-bridge doctor` checks of the way in: the address it listens on, and the URL that
billing was given."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from bridge import wiring
from bridge.diagnostics.check_result import CheckResult
from bridge.diagnostics.running_bridge import TIMEOUT, RunningBridge, answer_of
from bridge.infra.http_client import Lost, NotSent


@dataclass
class ListenerChecks:
    service: wiring.Service
    running: RunningBridge

    def results(self) -> Iterator[CheckResult]:
        """Whether hooks can come in: here, and at the URL that billing was given."""
        bridge = self.service.settings.bridge
        if self.running.alive:
            yield CheckResult("ok", "listen", f"A bridge answers on {bridge.listen}.")
            for reason in self.running.reasons:
                yield CheckResult("FAIL", "ready", f"Not ready. {reason}")
        elif self.running.said:
            text = f"Another program answers on {bridge.listen} ({self.running.said})."
            yield CheckResult(
                "FAIL", "listen", text, "Stop it, or give bridge.listen another port."
            )
        elif fault := bindable(bridge.listen):
            yield CheckResult(
                "FAIL",
                "listen",
                f"Cannot listen on {bridge.listen}: {fault}.",
                "Correct bridge.listen.",
            )
        else:
            yield CheckResult(
                "ok",
                "listen",
                f"{bridge.listen} is free; no `enom-bridge serve` (or web) runs here.",
            )
        if bridge.public_url != f"http://{bridge.listen}":
            yield from self._outside(bridge.public_url)
        barred = [
            source.name for source in self.service.settings.sources.values() if source.allow_from
        ]
        if barred and bridge.public_url.startswith("https:") and not bridge.trusted_proxies:
            text = (
                f"allow_from of {', '.join(barred)} is compared "
                "with the proxy's address, not billing's."
            )
            remedy = 'Name the proxy in bridge.trusted_proxies, such as ["127.0.0.1/32"].'
            yield CheckResult("warn", "proxy", text, remedy)

    def _outside(self, url: str) -> Iterator[CheckResult]:
        there = answer_of(self.service.outgoing, url)
        if there.alive:
            yield CheckResult("ok", "public URL", f"{url} leads to a bridge.")
            yield from self._pages(f"{url}/admin/sign-in")
        elif not self.running.alive:
            yield CheckResult(
                "ok", "public URL", f"{url} cannot be checked while no bridge runs here."
            )
        else:
            text = f"{url} does not lead to a bridge ({there.said}), as seen from this machine."
            remedy = (
                "Check its DNS, and that its proxy forwards /healthz, /hooks and /query "
                "(contrib/nginx, contrib/caddy)."
            )
            if "certificate" in there.said:
                remedy = (
                    "Billing may reject it, too. Give the proxy a valid certificate, with its "
                    "chain (fullchain.pem)."
                )
            yield CheckResult("warn", "public URL", text, remedy)

    def _pages(self, url: str) -> Iterator[CheckResult]:
        """A proxy that refuses them does so on purpose; one that knows nothing of them was
        forgotten."""
        try:
            status = self.service.outgoing.get(url, timeout=TIMEOUT).status
        except (NotSent, Lost):
            return  # it has just been reached: it will be again
        if status == 404:
            text = f"{url} answers HTTP 404: nobody can sign in to the admin pages."
            remedy = (
                "Let the proxy forward /admin/, as contrib/nginx and contrib/caddy do, or refuse "
                "it with 403."
            )
            yield CheckResult("FAIL", "public URL", text, remedy)
        elif status == 200:
            yield CheckResult("ok", "public URL", f"{url} is the sign-in of the admin pages.")
        else:
            yield CheckResult(
                "ok", "public URL", f"{url} is not open to this machine (HTTP {status})."
            )


def bindable(address: tuple[str, int]) -> str:
    """Why this address cannot be listened on; empty when it can."""
    try:
        for family, *_, place in socket.getaddrinfo(*address, type=socket.SOCK_STREAM):
            with socket.socket(family, socket.SOCK_STREAM) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(place)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
