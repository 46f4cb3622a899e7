"""A bar while something takes long: on a terminal only, and gone at the end."""

import io
import sys

import pytest

from bridge.cli.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with progress() as begun:
        result = begun("Reading domains")
        result(1, 2000)
        result(2000, 2000)
    return stream.getvalue()


def test_in_a_pipe_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, io.StringIO()) == ""


def test_on_a_terminal_it_counts_and_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, Terminal())
    assert "Reading domains" in text and "/2000" in text
    assert text.endswith("\x1b[2K") or "\x1b[1A\x1b[2K" in text
