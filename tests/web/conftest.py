"""On SQLite, but for what the database itself decides: those tests ask for both stores."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from bridge.reporting import answers
from tests.support.scene import clock, open_scene, scene, simulated_clock, simulator
from tests.support.subs import open_subs, subs

__all__ = [
    "clock",
    "open_scene",
    "open_subs",
    "scene",
    "simulated_clock",
    "simulator",
    "store",
    "subs",
]


@pytest.fixture
def store() -> str:
    return "sqlite"


KEPT_BACK: Mapping[type[answers.Answer], frozenset[str]] = {
    # The callback's type says the status; what Enom itself said is for staff.
    answers.CallbackData: frozenset({"status", "waiting_for", "error.remote"}),
}


@pytest.fixture(autouse=True)
def whole_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """In no test of this folder may an answer lose a field because its schema does not know it."""
    dump = answers.dump

    def checked(schema: type[answers.Answer], content: Mapping[str, Any]) -> dict[str, Any]:
        shown = dump(schema, content)
        lost = set(lost_of(content, shown)) - KEPT_BACK.get(schema, frozenset())
        assert not lost, f"{schema.__name__} does not describe {sorted(lost)}"
        return shown

    monkeypatch.setattr(answers, "dump", checked)


def lost_of(content: Any, shown: Any, path: str = "") -> Iterator[str]:
    """The paths of what stands in the one and not in the other."""
    if isinstance(content, Mapping):
        for name, value in content.items():
            if name not in shown:
                yield f"{path}{name}"
            else:
                yield from lost_of(value, shown[name], f"{path}{name}.")
    elif isinstance(content, (list, tuple)):
        assert len(content) == len(shown)
        for each, other in zip(content, shown, strict=True):
            yield from lost_of(each, other, path)
    else:
        assert content == shown, path
