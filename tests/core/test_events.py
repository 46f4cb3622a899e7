"""Who listens hears of everything, in order, and can harm nothing."""

from typing import Any

import pytest

from bridge.infra.events import Attributes, Events


class Ear:
    def __init__(self, fails: str = "") -> None:
        self.heard: list[Any] = []
        self.fails = fails

    def begin(self, kind: str, facts: Attributes) -> str:
        if self.fails == "begin":
            raise RuntimeError("a listener is broken")
        self.heard.append(("begin", kind))
        return "token"

    def end(self, begun: Any, kind: str, facts: Attributes, seconds: float) -> None:
        if self.fails == "end":
            raise RuntimeError("a listener is broken")
        self.heard.append((begun, kind, dict(facts)))


def test_a_listener_hears_the_begin_and_the_end_with_what_came_of_it() -> None:
    events, ear = Events(), Ear()
    events.add(ear)
    with events.span("call", command="GetPOP3") as facts:
        facts["outcome"] = "ok"
    events.report("turn", loop="jobs")
    ended = ("token", "call", {"command": "GetPOP3", "outcome": "ok"})
    assert ear.heard == [
        ("begin", "call"),
        ended,
        ("begin", "turn"),
        ("token", "turn", {"loop": "jobs"}),
    ]


def test_what_fails_inside_is_heard_and_goes_on_failing() -> None:
    events, ear = Events(), Ear()
    events.add(ear)
    with pytest.raises(ValueError, match="inside"), events.span("attempt", outcome="left"):
        raise ValueError("inside")
    assert ear.heard[-1] == ("token", "attempt", {"outcome": "left"})


@pytest.mark.parametrize("fails", ["begin", "end"])
def test_a_broken_listener_harms_neither_the_work_nor_the_others(fails: str) -> None:
    events, ear = Events(), Ear()
    events.add(Ear(fails))
    events.add(ear)
    with events.span("attempt") as facts:
        facts["outcome"] = "succeeded"
    assert ear.heard[-1] == ("token", "attempt", {"outcome": "succeeded"})
