"""Looks at many domains or mailboxes side by side, up to the account's limit of calls; the last of
them is left to hooks.

What could not be looked at is an answer of its own, and the rest does not suffer from it.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from bridge.domain.account import Account
from bridge.domain.errors import AccountFault, BridgeError, NotPossible, Refused
from bridge.domain.model import Address
from bridge.domain.ports import AccountState, Clock
from bridge.reconcile.matching import Group, Scan, ScanError
from bridge.steps.look_and_plan import Look, look

PAUSE, PATIENCE = 0.5, 600.0  # seconds, while all calls of the account are in use
TRIES = 2

OnProgress = Callable[[int, int], None]
"""Called with how many of how many are done."""

Item = TypeVar("Item")
Found = TypeVar("Found")


def silent(done: int, of: int) -> None:
    """Shows no progress: nobody is at a terminal."""


@dataclass
class Scanner:
    account_state: AccountState
    clock: Clock
    pause: Callable[[float], None] = time.sleep

    def domains(
        self, account: Account, names: Sequence[str], progress: OnProgress = silent
    ) -> dict[str, Scan | ScanError]:
        """One look for each domain, some side by side. Never raises for a remote: what failed is a
        ScanError."""
        return self._side_by_side(account, names, partial(self._survey, account), progress)

    def mailboxes(
        self, account: Account, addresses: Sequence[Address], progress: OnProgress = silent
    ) -> dict[Address, Look | ScanError]:
        """One look for each mailbox, as `domains` does it."""
        return self._side_by_side(
            account, addresses, lambda address: look(account, address, self.clock), progress
        )

    def _survey(self, account: Account, name: str) -> Scan:
        at = self.clock()  # before the call: a command sent meanwhile is newer than what it shows
        found = account.backend.survey(name)
        return Scan({seen.address: seen for seen in found.mailboxes}, at, found.paks)

    def _side_by_side(
        self,
        account: Account,
        items: Sequence[Item],
        ask: Callable[[Item], Found],
        progress: OnProgress,
    ) -> dict[Item, Found | ScanError]:
        seen: dict[Item, Found | ScanError] = {}
        most, halted = max(1, account.max_in_flight - 1), list[ScanError]()
        for _ in range(TRIES):
            todo = [item for item in items if unknown(seen.get(item)) and not halted]
            pool = ThreadPoolExecutor(most, "survey")
            try:
                running = {
                    pool.submit(self._look, account, most, halted, ask, item): item for item in todo
                }
                for done, answer in enumerate(as_completed(running), 1):
                    seen[running[answer]] = answer.result()
                    progress(done, len(todo))
            finally:
                pool.shutdown(cancel_futures=True)
        return seen

    def _look(
        self,
        account: Account,
        most: int,
        halted: list[ScanError],
        ask: Callable[[Item], Found],
        item: Item,
    ) -> Found | ScanError:
        if halted:
            return halted[0]
        try:
            return self._in_turn(account, most, ask, item)
        except Refused as error:
            group = Group.NOT_IN_ACCOUNT if error.code == "domain_not_in_account" else Group.UNREAD
            return ScanError(group, error.detail)
        except BridgeError as error:
            barred = ScanError(Group.UNREAD, error.detail)
            if isinstance(error, AccountFault):
                halted.append(barred)  # nothing else would be answered
            return barred
        except NotPossible as error:
            return ScanError(Group.UNREAD, str(error))

    def _in_turn(
        self, account: Account, most: int, ask: Callable[[Item], Found], item: Item
    ) -> Found:
        waited = 0.0
        while True:
            try:
                with self.account_state.call_slot(account.name, most, 2 * account.call_limit):
                    return ask(item)
            except NotPossible:
                if waited >= PATIENCE:
                    raise
            self.pause(PAUSE)
            waited += PAUSE


def unknown(found: object) -> bool:
    return found is None or (isinstance(found, ScanError) and found.group is Group.UNREAD)
