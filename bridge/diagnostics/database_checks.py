"""What `enom-bridge doctor` checks in the database and beside it: that it can be written, what the
worker, accounts and sources are held up by, and which keys are needed."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge import store, wiring
from bridge.config import SourceSettings
from bridge.diagnostics.check_result import CheckResult, clock_result
from bridge.diagnostics.running_bridge import RunningBridge
from bridge.domain import module_version
from bridge.domain.errors import StoreUnavailable
from bridge.domain.model import day_after
from bridge.reporting.notes import paused_why
from bridge.store.queue.account_state import PERSON, RESTORED, pauses
from hooks import PLATFORMS, connection_test

LITTLE_SPACE = 200 << 20


@dataclass
class DatabaseChecks:
    service: wiring.Service
    running: RunningBridge
    clock: Callable[[], float] = time.time

    def results(self) -> Iterator[CheckResult]:
        database = self.service.database
        if (file := database.file) is not None:
            yield from self._disk(file.parent)
            if misplaced := [reason for reason in self.running.reasons if store.WHILE in reason]:
                # To open what stands there now could do the rest of the harm.
                yield CheckResult("FAIL", "database", misplaced[0])
                return
            if database.absent():
                yield self._missing(file)
                return
            if mode_of(file) & 0o077:
                text = f"{file} holds addresses and names, and other users can read it."
                yield CheckResult("warn", "database", text, f"chmod 600 {file}*")
        try:
            present, needed = store.check(database)
            with database.write() as tx:
                skew = abs(database.now(tx) - self.clock())
            if present != needed:
                fault = store.schema_fault(database, present, needed)
                mends_itself = database.embedded and "newer" not in fault  # `serve` upgrades SQLite
                yield CheckResult("warn" if mends_itself else "FAIL", "database", fault)
                return
            # whether it reaches the disk is known only by writing
            self.service.account_state.try_write()
            yield CheckResult("ok", "database", f"Writable, schema {present}.")
            yield from self._same()
            if not database.embedded:
                yield clock_result("the database", skew)
            yield from self._account_states()
            for source in self.service.settings.sources.values():
                yield from self._customers(source)
            yield from self._keys()
        except StoreUnavailable as error:
            yield CheckResult(
                "FAIL", "database", str(error), store.remedy(database, "bridge.database")
            )

    def _missing(self, file: Path) -> CheckResult:
        if not self.running.alive:
            fault = store.schema_fault(self.service.database, None, store.newest())
            return CheckResult("FAIL" if store.served_before(file) else "warn", "database", fault)
        text = f"{file} is missing, but a bridge answers on {self.service.settings.bridge.listen}."
        remedy = (
            "Was the file removed or its volume unmounted? Or does that bridge use another "
            "configuration? See its log."
        )
        return CheckResult("FAIL", "database", text, remedy)

    def _same(self) -> Iterator[CheckResult]:
        """Whether the bridge that answers works on this database."""
        here, there = (
            self.service.account_state.instance(),
            self.running.instance,
        )
        if here and there and here != there:
            text = (
                f"The bridge that answers on {self.service.settings.bridge.listen} "
                "uses another database."
            )
            remedy = (
                "Was this one newly created, or does that bridge use another configuration? Do not "
                "restart it before you know."
            )
            yield CheckResult("FAIL", "database", text, remedy)

    def _disk(self, folder: Path) -> Iterator[CheckResult]:
        if not os.access(folder, os.W_OK):
            yield CheckResult(
                "FAIL",
                "disk",
                f"This user cannot write to {folder}.",
                "Correct its owner, or bridge.database.",
            )
        elif (free := shutil.disk_usage(folder).free) < store.FULL:
            text = f"The disk of {folder} is full ({free >> 20} MiB left): no hooks are accepted."
            yield CheckResult("FAIL", "disk", text, "Free some space.")
        elif free < LITTLE_SPACE:
            yield CheckResult(
                "warn",
                "disk",
                f"{folder} has {free >> 20} MiB left.",
                "Free some space: on a full disk no hooks are accepted.",
            )
        else:
            yield CheckResult("ok", "disk", f"{folder} is writable, {free >> 30} GiB free.")

    def _account_states(self) -> Iterator[CheckResult]:
        account_state = self.service.account_state
        if account_state.worker_alive():
            yield CheckResult("ok", "worker", "Running.")
        else:
            yield CheckResult(
                "warn",
                "worker",
                "Not running, so jobs wait.",
                "Start enom-bridge serve (or worker).",
            )
        for row in account_state.account_states():
            name, resume = row["name"], f"enom-bridge resume account {row['name']}"
            remedy = f"Once that is fixed: {resume}"
            remedies = {
                PERSON: f"To resume: {resume}",
                RESTORED: f"First: enom-bridge reconcile --account {name}. Then: {resume}",
            }
            for pause in pauses(row):
                yield CheckResult(
                    "warn",
                    f"account {name}",
                    pause.sentence,
                    remedies.get(pause.code, remedy),
                )
            if row["money_until"] and row["money_until"] > self.clock():
                yield CheckResult(
                    "warn",
                    f"account {name}",
                    "Purchases are paused: the balance is too low.",
                    "Top it up at Enom. " + remedy,
                )
        for source in account_state.source_states():
            yield from self._source_state(source)

    def _source_state(self, row: Mapping[str, Any]) -> Iterator[CheckResult]:
        about, remedy = f"source {row['name']}", f"enom-bridge resume source {row['name']}"
        if row["paused"]:
            why = paused_why(row["detail"])
            yield CheckResult("warn", about, f"Paused{why}; its hooks are answered 503.", remedy)
        if row["suspensions_paused"]:
            text = f"It sent {row['suspensions_paused']}; further suspensions are answered 503."
            yield CheckResult(
                "warn", about, text, f"See docs/suspension.md. If they are right: {remedy}"
            )
        if row["receiver_tries"]:
            text = (
                f"The receiver of callbacks has not answered {row['receiver_tries']} times in a "
                "row; callbacks wait."
            )
            yield CheckResult(
                "warn",
                about,
                text,
                (
                    "Fix the receiver, or the URL in `callback`. The "
                    "callbacks are then sent by themselves."
                ),
            )
        if source := self.service.settings.sources.get(row["name"]):
            yield from self._module(about, source, row["sender"])

    def _module(
        self, about: str, source: SourceSettings, sender: str | None
    ) -> Iterator[CheckResult]:
        """Whether the module at billing, which names itself when it tests the connection, fits
        this bridge."""
        if sender is not None and module_version.is_compatible(sender):
            yield CheckResult("ok", about, f"Module at the last connection test: {sender}.")
        elif sender is not None:
            yield CheckResult(
                "warn", about, module_version.incompatibility(sender), module_version.UPDATE
            )
        elif test := connection_test(PLATFORMS[source.platform]):
            text = (
                "The module's version is unknown: the connection was not tested yet (modules older "
                "than 0.2 do not send it)."
            )
            yield CheckResult("warn", about, text, f"{test} Compatible versions: docs/upgrade.md.")

    def _customers(self, source: SourceSettings) -> Iterator[CheckResult]:
        """Of how many mailboxes nobody has told the customer: in their domains nothing is held
        for being another's."""
        about = f"source {source.name}"
        if not source.domain_per_customer:
            yield CheckResult(
                "ok", about, "Different customers may share a domain (domain_per_customer = false)."
            )
            return
        known, every = self.service.lookup.customers_known(source.name)
        if known < every:
            text = (
                f"The customer of {every - known} of its {every} mailboxes is unknown: others can "
                "use their domains."
            )
            remedy = (
                "Run enom-bridge mailboxes import with a list that has the column customer_id; "
                "later hooks add it, too."
            )
            yield CheckResult("warn", about, text, remedy)
        elif every:
            yield CheckResult(
                "ok", about, f"The customer of each of its {every} mailboxes is known."
            )

    def _keys(self) -> Iterator[CheckResult]:
        """What still needs an older key, and what lost its own."""
        service = self.service
        keys = store.Rotation(
            service.database, service.sealer, service.settings.bridge.keep_days
        ).survey()
        back = (
            "If you still have that key, put it back at the beginning of bridge.keys, then run "
            "enom-bridge keys rotate."
        )
        lost = [name for tally in keys.sealed.values() for name in tally.lost]
        if lost:
            text = (
                f"{len(lost)} stored password(s) or parked hook(s) cannot be decrypted, such as "
                f"{lost[0]}: key missing."
            )
            yield CheckResult(
                "warn", "keys", text, f"{back} Otherwise their jobs fail with password_needed."
            )
        if keys.gone_until is not None:
            text = (
                f"{keys.hooks_gone} hook(s) are not recognised if they are repeated (409): their "
                "key is missing."
            )
            yield CheckResult(
                "warn",
                "keys",
                text,
                f"{back} Otherwise this ends by itself on {day_after(keys.gone_until)}.",
            )
        older = sum(tally.older for tally in keys.sealed.values())
        if older:
            text = f"{older} stored password(s) or parked hook(s) are encrypted with an older key."
            yield CheckResult("warn", "keys", text, "enom-bridge keys rotate")
        elif keys.older_needed_until is not None:
            text = (
                f"Older keys are needed until {day_after(keys.older_needed_until)}, to recognise "
                "repeated hooks."
            )
            yield CheckResult("ok", "keys", text)
        elif len(service.sealer.key_ids) > 1:
            yield CheckResult(
                "ok",
                "keys",
                "Older keys are no longer needed.",
                "You may remove them from bridge.keys.",
            )
        elif not lost and keys.gone_until is None:
            yield CheckResult("ok", "keys", "Everything is encrypted with the key in bridge.keys.")


def mode_of(file: Path) -> int:
    """0 where this user may not even look at it; what is wrong is said when it is opened."""
    try:
        return file.stat().st_mode
    except PermissionError:
        return 0
