"""Looks at many domains or mailboxes side by side, up to the account's limit of calls; the last of them is left to hooks.

What could not be looked at is an answer of its own, and the rest does not suffer from it.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TypeVar

from bridge.domain.account import Account
from bridge.domain.errors import AccountFault, BridgeError, NotNow, Refused
from bridge.domain.model import Address
from bridge.domain.ports import Clock, Standing
from bridge.reconcile.matching import Barred, Group, Shown
from bridge.steps.look_and_plan import Look, look

PAUSE, PATIENCE = 0.5, 600.0  # seconds, while all calls of the account are in use
TRIES = 2

Told = Callable[[int, int], None]
"""Called with how many of how many are done."""

Item = TypeVar("Item")
Found = TypeVar("Found")


def unheard(done: int, of: int) -> None:
    """For whom no progress is shown."""


@dataclass
class Surveyor:
    standing: Standing
    clock: Clock
    pause: Callable[[float], None] = time.sleep

    def domains(self, account: Account, names: Sequence[str], told: Told = unheard) -> dict[str, Shown | Barred]:
        """One look for each domain."""

        def survey(name: str) -> Shown:
            at = self.clock()
            found = account.backend.survey(name)
            return Shown({seen.address: seen for seen in found.mailboxes}, at, found.paks)

        return self._side_by_side(account, names, survey, told)

    def mailboxes(self, account: Account, addresses: Sequence[Address], told: Told = unheard) -> dict[Address, Look | Barred]:
        """One look for each mailbox."""
        return self._side_by_side(account, addresses, lambda address: look(account, address, self.clock), told)

    def _side_by_side(
        self, account: Account, items: Sequence[Item], ask: Callable[[Item], Found], told: Told
    ) -> dict[Item, Found | Barred]:
        seen: dict[Item, Found | Barred] = {}
        most, halted = max(1, account.max_in_flight - 1), list[Barred]()
        for _ in range(TRIES):
            todo = [item for item in items if unknown(seen.get(item)) and not halted]
            pool = ThreadPoolExecutor(most, "survey")
            try:
                running = {pool.submit(self._look, account, most, halted, ask, item): item for item in todo}
                for done, answer in enumerate(as_completed(running), 1):
                    seen[running[answer]] = answer.result()
                    told(done, len(todo))
            finally:
                pool.shutdown(cancel_futures=True)
        return seen

    def _look(
        self, account: Account, most: int, halted: list[Barred], ask: Callable[[Item], Found], item: Item
    ) -> Found | Barred:
        if halted:
            return halted[0]
        try:
            return self._in_turn(account, most, ask, item)
        except Refused as error:
            group = Group.NOT_IN_ACCOUNT if error.code == "domain_not_in_account" else Group.UNREAD
            return Barred(group, error.detail)
        except BridgeError as error:
            barred = Barred(Group.UNREAD, error.detail)
            if isinstance(error, AccountFault):
                halted.append(barred)  # nothing else would be answered
            return barred
        except NotNow as error:
            return Barred(Group.UNREAD, str(error))

    def _in_turn(self, account: Account, most: int, ask: Callable[[Item], Found], item: Item) -> Found:
        waited = 0.0
        while True:
            try:
                with self.standing.call_slot(account.name, most, 2 * account.call_limit):
                    return ask(item)
            except NotNow:
                if waited >= PATIENCE:
                    raise
            self.pause(PAUSE)
            waited += PAUSE


def unknown(found: object) -> bool:
    return found is None or (isinstance(found, Barred) and found.group is Group.UNREAD)
