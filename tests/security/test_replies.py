"""Whatever Enom, or somebody in its place, answers: only our own errors come out, in bounded
time and memory."""

import base64
import json
import random
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.backends.enom import paks, wire
from bridge.backends.hosted_email import wire as hosted
from bridge.domain.errors import MalformedReply
from bridge.infra.http_client import HttpClient, Lost

LIMIT = 1 << 20  # what a call takes of an answer at most
LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMBS = {
    "a billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "lol">{LOL}]><interface-response>&l9;</interface-response>'.encode(),
    "one long entity, often": b'<!DOCTYPE x [<!ENTITY a "'
    + b"a" * 9000
    + b'">]><interface-response>'
    + b"&a;" * 9000,
    "an entity from a file": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><interface-response>&a;</interface-response>',
    "a parameter entity": b'<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1:9/">%a;]><interface-response/>',
    "a DTD from elsewhere": b'<!DOCTYPE x PUBLIC "a" "http://127.0.0.1:9/"><interface-response/>',
    "an attribute by default": b'<!DOCTYPE x [<!ATTLIST x a CDATA "b">]><interface-response/>',
    "an unknown entity in a DTD": b"<!DOCTYPE x><interface-response><Done>&nbsp;</Done></interface-response>",
    "ampersands": b"<interface-response>" + b"&" * 1_000_000 + b"</interface-response>",
    "control characters": b"<interface-response>" + b"\x1f" * 1_000_000 + b"</interface-response>",
    "comments without an end": b"<interface-response>" + b"<!--" * 250_000,
    "instructions without an end": b"<interface-response>" + b"<?a" * 330_000,
    "sections without an end": b"<interface-response>" + b"<![CDATA[" * 110_000,
    "less-than signs": b"<interface-response>" + b"<" * 1_000_000 + b"</interface-response>",
    "tags that almost are": b"<interface-response>" + b'<a b="c" ' * 110_000,
    "UTF-7": b'<?xml version="1.0" encoding="utf-7"?>+ADw-interface-response/+AD4-',
    "EBCDIC": '<?xml version="1.0"?><interface-response/>'.encode("cp037"),
    "UTF-32": "<interface-response/>".encode("utf-32"),
    "base64 as a charset": base64.b64encode(b"<interface-response/>"),
    "tags without an end": b"<interface-response>" + b"<a>" * 330_000,
    "attributes without an end": b"<interface-response "
    + b"".join(b'a%d="" ' % number for number in range(90_000)),
    "a name without an end": b"<interface-response><" + b"a" * 1_000_000,
    "NUL": b"\x00" * LIMIT,
    "two roots": b"<interface-response/><interface-response/>",
}


@contextmanager
def bounded(seconds: float, mebibytes: int | None = None) -> Iterator[None]:
    """Generous, so that a slow machine does not matter: what is not bounded exceeds it by far.

    Counting memory is slow.
    """
    if mebibytes is not None:
        tracemalloc.start()
    begun = time.process_time()
    try:
        yield
        assert time.process_time() - begun < seconds
        assert mebibytes is None or tracemalloc.get_traced_memory()[1] < mebibytes << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize(
    "kind",
    ["", "text/xml; charset=utf-7", "text/xml; charset=base64", "text/xml; charset=" + "x" * 9000],
)
def test_a_bomb_in_xml_is_garbled_and_costs_little(bomb: str, kind: str) -> None:
    # The kind is only how the bytes become text: what the text costs is counted once.
    with bounded(20, None if kind else 200), pytest.raises(MalformedReply) as caught:
        wire.decode(BOMBS[bomb], kind)
    assert caught.value.__context__ is None


def test_the_largest_answer_that_is_taken_costs_little() -> None:
    row = "<pop><username>j</username></pop>"
    body = f"<interface-response>{row * (LIMIT // len(row) - 4)}<Done>true</Done></interface-response>".encode()
    with bounded(30, 200):
        assert len(wire.decode(body, secrets=["secret-1", "secret-2"]).mailboxes) > 30_000


JSON_BOMBS = {
    "lists": b"[" * LIMIT,
    "objects": b'{"a":' * (LIMIT // 5),
    "digits": b'{"success": ' + b"9" * (LIMIT - 20) + b"}",
    "a string of surrogates": b'{"success": true, "error": "' + b"\\ud800" * 150_000 + b'"}x',
    "UTF-16": '{"success": true}'.encode("utf-16"),
    "NUL": b"\x00" * LIMIT,
    "an exponent": b'{"success": 1e' + b"9" * 900_000 + b"}",
}


@pytest.mark.parametrize("bomb", JSON_BOMBS)
def test_a_bomb_in_json_is_garbled_and_costs_little(bomb: str) -> None:
    with bounded(20, 300), pytest.raises(MalformedReply) as caught:
        hosted.decode(JSON_BOMBS[bomb])
    assert caught.value.__context__ is None


VALUES = 400  # of any type, in each place

USER: dict[str, Any] = {
    "success": True,
    "error": "x",
    "error_number": 1,
    "token": "x",
    "total_count": 1,
    "users": [{"user": "john@example.com", "status": "ok", "type": "mailbox"}],
    "attributes": {name: "enabled" for name in hosted.SERVICES.values()} | {"quota": 5},
    "metadata": {"quota": {"bytes_max": 1, "bytes_used": 1}},
}


SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308, float("nan"), float("inf"), [], {}, [[]], [{}],
    "", " ", "0", "1", "-1", "1e9", "9" * 5000, "\x00", "\n", "\ud800", "\u0663", "\u202e", "true", "enabled", "ok",
    "suspended", "john@example.com", "@",
]  # fmt: skip


def anything(chance: random.Random, depth: int = 3) -> Any:
    kind = chance.randrange(8 if depth else 6)
    if kind == 6:
        return [anything(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind == 7:
        keys = ["user", "status", "quota", "success", "", "\x00", "x" * 300]
        return {
            chance.choice(keys): anything(chance, depth - 1) for _ in range(chance.randrange(4))
        }
    if kind == 5:
        return "".join(
            chr(chance.choice([chance.randrange(32, 127), chance.randrange(0x110000)]))
            for _ in range(8)
        )
    return chance.choice([chance.randrange(-(2**70), 2**70), chance.uniform(-1e9, 1e9), *SCALARS])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a document."""
    if path:
        yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inner:
        yield from places(item, (*path, key))


@pytest.mark.parametrize("place", list(places(USER)), ids=lambda path: ".".join(map(str, path)))
def test_a_value_of_any_type_in_any_field_of_the_json_is_read_or_garbled(
    place: tuple[Any, ...],
) -> None:
    chance = random.Random(str(place))
    for wrong in [*SCALARS, *(anything(chance) for _ in range(VALUES - len(SCALARS)))]:
        put(place, wrong)


def put(place: tuple[Any, ...], wrong: Any) -> None:
    document = json.loads(json.dumps(USER))
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = wrong
    try:
        result = hosted.decode(json.dumps(document).encode(), ["secret"])
    except MalformedReply:
        return
    assert isinstance(result.success, bool)
    assert all(isinstance(text, str) for text in (result.text, result.token))
    assert all(isinstance(number, int | None) for number in (result.number, result.total))
    assert all(
        isinstance(text, str)
        for line in result.listed
        for text in (line.local, line.status, line.type)
    )
    if result.user:
        assert set(result.user.services.values()) <= hosted.STATES


FIELDS = [*wire.FIELDS, "command", "errcount", "done", "ErrCount", "Done"]
HOSTILE_TEXTS = st.text(max_size=30) | st.sampled_from(
    ["-1", "9" * 5000, "1e9", "\u0663", "true", "TRUE ", "NaN", "0x1", " 1"]
)


def escaped(text: str) -> str:
    """What XML can carry at all."""
    plain = "".join(sign for sign in text if sign.isprintable())
    return plain.replace("&", "&amp;").replace("<", "&lt;")


@given(
    st.lists(st.tuples(st.sampled_from(FIELDS), HOSTILE_TEXTS), max_size=8),
    HOSTILE_TEXTS,
    HOSTILE_TEXTS,
    HOSTILE_TEXTS,
)
def test_a_value_of_any_kind_in_any_field_of_the_xml_is_read_or_garbled(
    rows: list[tuple[str, str]], bundle: str, free: str, expires: str
) -> None:
    inner = "".join(f"<{name}>{escaped(text)}</{name}>" for name, text in rows)
    pak = f"<BundleId>{escaped(bundle)}</BundleId><QtyAvailable>{escaped(free)}</QtyAvailable>"
    pak += f"<ExpDate>{escaped(expires)}</ExpDate>"
    box = f"<username>{escaped(bundle)}</username><quota>{escaped(free)}</quota><quotaused>{escaped(expires)}</quotaused>"
    body = f"<interface-response>{inner}<paks><pak>{pak}</pak></paks><pop>{box}</pop></interface-response>"
    try:
        envelope = wire.decode(body.encode("utf-8", "replace"))
        paks.listing(envelope)
    except MalformedReply:
        return
    assert envelope.err_count is None or 0 <= envelope.err_count < 10**6


@pytest.mark.parametrize(
    "head", ["", "Content-Length: 100000000000\r\n", "Transfer-Encoding: chunked\r\n"]
)
def test_a_stream_without_end_is_cut_off_at_the_limit(head: str) -> None:
    """Gigabytes, announced or not: no more than the limit is ever kept."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pour() -> None:
            wire_, _ = listener.accept()
            with wire_:
                wire_.recv(65536)
                wire_.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode())
                piece = b"x" * 65536
                chunk = b"10000\r\n" + piece + b"\r\n" if "chunked" in head else piece
                try:
                    while True:
                        wire_.sendall(chunk)
                except OSError:
                    pass

        server = threading.Thread(target=pour)
        server.start()
        outgoing = HttpClient()
        try:
            with bounded(20, 16), pytest.raises(Lost, match="larger than"):
                outgoing.post(
                    f"http://127.0.0.1:{listener.getsockname()[1]}/", b"x", {}, timeout=20
                )
        finally:
            outgoing.close()
            server.join(20)
        assert not server.is_alive()
