"""The demo in words: coloured on a terminal, plain elsewhere.

Passwords were taken out before anything gets here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from bridge.cli.show import word

INTRO = """\
This demo runs a bridge, a simulated Enom and a simulated billing platform on this machine, and at the end the
hosted-email API without Enom.
Each hook below is a sample from hooks/whmcs/samples, freshly signed and sent over HTTP. Callbacks are checked by
{checker}."""
FAULTS = {"drop_after": "done, but the connection dropped before the answer"}


class Teller:
    def __init__(self, silent: bool) -> None:
        self._console = Console(quiet=silent, highlight=False, soft_wrap=True)

    def begin(self, checker: str) -> None:
        self._line(INTRO.format(checker=checker))

    def scene(self, seen: Mapping[str, Any]) -> None:
        good = seen["expected"]
        self._line()
        self._line(f"{seen['number']:2}. {seen['title']}", "bold")
        lines = [("received", came_in(seen["hook"])), ("answered", answered(seen))]
        if "job" in seen["answer"]:
            lines += [
                ("plan", plan(seen)),
                ("sent", commands(seen)),
                ("read back", read_back(seen)),
            ]
        there = "Enom has" if seen["provider"] == "Enom" else "it has"
        lines += [(there, enom(seen["enom"])), ("callback", callback(seen["callback"]))]
        for name, text in lines:
            if text:
                self._console.print(Text.assemble((f"    {name:10}", "cyan"), text))
        self._line(
            "    as expected" if good else "    NOT as expected", "green" if good else "bold red"
        )
        for fault in seen["faults"]:
            self._line(f"      {fault}", "red")

    def end(
        self,
        good: bool,
        seen: Sequence[Mapping[str, Any]],
        faults: Sequence[str],
        folder: str | None,
    ) -> None:
        self._line()
        bad = [str(scene["number"]) for scene in seen if not scene["expected"]]
        if good:
            self._line(f"All {len(seen)} results are as expected.", "bold green")
        else:
            self._line(
                f"Unexpected: {', '.join(f'scene {number}' for number in bad) or 'the whole'}.",
                "bold red",
            )
        for fault in faults:
            self._line(f"  {fault}", "red")
        if folder:
            self._line(
                f"Kept: {folder} (bridge.toml, bridge.sqlite3, "
                "bridge.log). Delete it when you are done."
            )
        if good:
            self._line("Next: enom-bridge init, or enom-bridge sim to try it by hand.")

    def _line(self, text: str = "", style: str = "") -> None:
        self._console.print(Text(text, style))


def came_in(hook: Mapping[str, Any]) -> str:
    return f"{hook['type']}  {word(hook['data'])}".rstrip()


def answered(seen: Mapping[str, Any]) -> str:
    answer, text = seen["answer"], f"HTTP {seen['http']}"
    if "job" in answer:
        code = f" ({answer['error']['code']})" if answer["error"] else ""
        return f"{text}  {answer['status']}{code}: {answer['message']}"
    fields = f" ({', '.join(answer['errors'])})" if "errors" in answer else ""
    return f"{text}  {answer.get('title')}{fields}; no job was created"


def plan(seen: Mapping[str, Any]) -> str:
    """The first plan, and what a later look added to it."""
    if seen["plan"] is None:
        return "none, the bridge refused it"
    first = [change["change"] for change in seen["plan"]]
    added = [step["kind"] for step in seen["journal"] if step["kind"] not in first]
    texts = [", ".join(first), f"after the next read: {', '.join(added)}" if added else ""]
    return "; ".join(text for text in texts if text).replace("_", " ") or "nothing to do"


def commands(seen: Mapping[str, Any]) -> str:
    return ", ".join(map(command, seen["sent"])) or "nothing"


def command(request: Mapping[str, str | None]) -> str:
    name, fault = str(request["command"]), request["fault"]
    return f"{name} ({FAULTS.get(fault, fault)})" if fault else name


def read_back(seen: Mapping[str, Any]) -> str:
    """Which reads were made, and what they proved."""
    reads = ", ".join(dict.fromkeys(seen["reads"]))
    proofs = ", ".join(f"{fact} {proof}" for fact, proof in seen["answer"]["verified"].items())
    return f"{reads}: {proofs}" if proofs else reads


def enom(truth: Mapping[str, Any]) -> str:
    if truth["state"] == "absent":
        return f"no mailbox {truth['address']}"
    password = "password correct" if truth["password_right"] else "wrong password"
    return f"{truth['address']}, {truth['state']}, {truth['quota_gb']:g} GB, {password}"


def callback(body: Mapping[str, Any] | None) -> str:
    return f"{body['type']}, state {body['data']['state']}; signature valid" if body else ""
