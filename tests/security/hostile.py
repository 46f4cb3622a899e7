"""Requests that mean harm, made from a seed: of strangers, of who tampers, and of who holds the
secret and abuses it."""

# ruff: noqa: E501 - the tables are read by the row

import base64
import gzip
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from hooks.standard.schemas import ACTIONS, QUESTIONS

PLANTED = "Planted-Word.9"
MOST_BYTES = 64 * 1024
METHODS = [
    "GET",
    "HEAD",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "X" * 300,
]
PATHS = [
    "/", "/hooks", "/hooks/", "/hooks//", "//hooks/shop", "/hooks//shop", "/hooks/shop/", "/hooks/../hooks/shop", "/hooks/./shop",
    "/hooks/shop/..", "/hooks/..%2fshop", "/hooks/shop\x00", "/hooks/sh\r\nop/x", "/HOOKS/shop", "/hooks/shop;x=1", "/query",
    "/query/shop/1", "/healthz", "/healthz/", "/readyz", "/openapi.json", "/openapi.json/..", "/metrics", "/metrics/", "/admin",
    "/admin/", "/static/../bridge.toml", "/bridge.toml", "/etc/passwd", "/../../etc/passwd", "/%00", "/\xff\xfe", "/" + "a/" * 900,
    "http://example.net/hooks/shop", "*", "", "/.git/config", "/debug", "/console", "/hooks/" + "x" * 9000 + "/",
]  # fmt: skip
SOURCES = [
    "shop ",
    "Shop",
    "shop\x00",
    "shop'--",
    "other",
    "x" * 2000,
    "..",
    "%2e%2e",
    "\xe2\x80\xae",
    "shop,shop",
    "*",
    "{source}",
]
IDS = [
    "",
    "a.b",
    "a b",
    "x" * 129,
    "\x00",
    "msg_\xff",
    "msg\r\n",
    "msg_1, msg_1",
    "*",
    "' OR 1=1 --",
    "\u00a0",
]
TIMES = [
    "",
    "-1",
    "0",
    "1e9",
    "9" * 13,
    "9" * 4400,
    "NaN",
    "1_0",
    "\u0663".encode().decode("latin-1"),
    " 1",
    "1 ",
    "0x10",
    "1.5",
]
MARKS = [
    "",
    "v1",
    "v1,",
    "v1, ",
    "v0,AAAA",
    "v1a,AAAA",
    "v1," + "A" * 44,
    "v1,\xff",
    " " * 4096,
    "v1,A " * 900,
    "v1,,",
    ",",
    "\x00",
]
TAILS = [
    "",
    ".",
    "a.b",
    "." * 60,
    "AAAA." + "b" * 43,
    "A" * 13 + "." + "b" * 43,
    "\xff.\xff",
    "-_-_." + "-" * 43,
]
KINDS = [
    "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json, application/json",
    "application/json\x00", "application/problem+json", "application/json;" + "a" * 2000, "APPLICATION/JSON", "text/json",
    "application/json; charset=utf-16", "application/json; charset=nothing", "*/*", ";", "\xff",
]  # fmt: skip
OTHER_HEADERS: list[tuple[str, list[str]]] = [
    (
        "host",
        [
            "",
            "example.net",
            "[::1",
            "a" * 3000,
            "shop\x00",
            "x:99999",
            "x:y",
            "http://example.net/",
            "\xff",
            "a, b",
            "@",
        ],
    ),
    (
        "x-forwarded-for",
        [
            "127.0.0.1",
            "1.2.3.4, " * 400,
            "::1",
            "%",
            "x" * 3000,
            "127.0.0.1\x00",
            "unknown, 10.0.0.1",
            ",,,,",
        ],
    ),
    ("x-forwarded-host", ["example.net"]),
    ("x-forwarded-proto", ["https", "gopher"]),
    ("x-forwarded-prefix", ["/hooks", "//example.net"]),
    ("forwarded", ["for=127.0.0.1;host=example.net", "for=" + "[" * 300]),
    ("x-http-method-override", ["POST", "DELETE"]),
    (
        "prefer",
        [
            "wait",
            "wait=",
            "wait=-1",
            "wait=1e9",
            "wait=" + "9" * 4000,
            "wait=NaN",
            ", " * 1000,
            "respond-async",
            "wait=\xff",
        ],
    ),
    ("cookie", ["session=" + "A" * 3000, "; " * 900, "a=b; a=c", "=\x00", "session=\xff"]),
    ("accept", ["*/*" * 400, "text/html", ""]),
    ("accept-encoding", ["gzip;q=\xff", "identity;q=0", "*;" * 500]),
    ("accept-language", ["x" * 3000, "en;q=nan"]),
    (
        "authorization",
        ["Basic " + "A" * 400, "Basic :::", "Bearer \x00", "Digest " + "a=" * 300, ""],
    ),
    ("content-encoding", ["gzip", "deflate, gzip", "br"]),
    ("expect", ["100-continue", "200-ok"]),
    ("range", ["bytes=0-", "bytes=" + "0-1," * 400]),
    ("if-none-match", ['"a", ' * 300, "*"]),
    ("if-modified-since", ["yesterday", "Thu, 99 Xyz 9999 99:99:99 GMT"]),
    ("upgrade", ["websocket", "h2c"]),
    ("referer", ["\xff" * 300, "javascript:1"]),
    ("user-agent", ["\x7f" * 300, "${jndi:ldap://127.0.0.1/a}", "() { :; }; x"]),
]
TEXTS = [
    "", " ", "\x00", "a\r\nb", "\ud800", "\udfff\ud800", "\u202etxt", "\ufeff", "e\u0301" * 60, "x" * 300, "x" * 5000, "7", "-1", "null",
    "' OR 1=1 --", "../../etc/passwd", "{{7*7}}", "%s%n{0}", "<script>x</script>", "${x}", "$(id)", "a\tb", "\x7f", "\U0001f4a9" * 30,
    "a@b@c", "john@", "@example.com", "john@xn--", "john@" + "a." * 130 + "b", "john@\u4f8b\u3048.\u30c6\u30b9\u30c8",
    "john@example.com\r\nBcc: x@example.net", "john@\u2100.example", "john@xn--a\u0300.example", "JOHN@EXAMPLE.COM.", "j..n@example.com",
    '"john doe"@example.com', "john+x@example.com", "john@[127.0.0.1]", "john@localhost", "john@example.com\x00", "\u0130@example.com",
    "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "2026-13-01", "2026-02-30", "2026-11-22T24:00:00Z", "2026-11-22T17:27:60Z",
    "2026-11-22T17:27:00+99:99", "2026-11-22T17:27:00.123456789123Z", "9999-12-31", "1e999", "/", "1e999/job_0", "nan/x", "-1/", "5/",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**63, 2**64, 10**99, -(10**99), 1.5, -0.0, 1e308, [], {}, [[]], [None] * 50, {"a": {"b": []}},
    {"$ne": None}, {"__proto__": {}}, ["x", 1], "1042", "a77", PLANTED,
]  # fmt: skip
RAW: list[bytes] = [
    b"", b" ", b"{", b"}", b"[]", b"null", b"true", b'"x"', b"1", b"{}{}", b"{} x", b"{'a':1}", b"{a:1}", b'{"a":1,}', b"//x\n{}",
    b"\xef\xbb\xbf{}", "{}".encode("utf-16"), "{}".encode("utf-32"), b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\\ud800"}',
    b'{"a":"\\u0000"}', b'{"\\u0000":1}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":-1e999}', b'{"a":1e-999}',
    b'{"a":' + b"9" * 4301 + b"}", b'{"a":0.' + b"9" * 9000 + b"}", b'{"a":1e' + b"9" * 900 + b"}", b'{"a":00}', b'{"a":+1}',
    b'{"type":"mailbox.create","type":"mailbox.terminate"}', b'{"data":{"a":1,"\\u0061":2}}', b"[" * 20_000, b'{"a":' * 9_000,
    b'{"data":' + b"[" * 31 + b"]" * 31 + b"}", b'{"data":' + b"[" * 33 + b"]" * 33 + b"}", b"[" * 9_000 + b"]" * 9_000,
    b'{"type":"' + b"x" * 9_000 + b'"}', b"\x00" * 64, b"\x1f\x8b" + b"\x00" * 64, gzip.compress(b"{}" * 9_000),
    b"type=mailbox.create&data=1", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"--x\r\n\r\n{}\r\n--x--",
    b'{"a":"' + b"\\" * 3_001 + b'"}', b'{"a":"' + b"\\u" + b'"}', b'{"type":null,"timestamp":null,"data":null}', b'{"data":[1,2]}',
]  # fmt: skip
PIECES = [
    b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\\u", b"\\ud800", b"null", b"1e999", b"\x00", b"\xff", b"\xe2\x80\xae", b'"":', b"{},",
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """`path` unquoted, in latin-1 as WSGI has it; header names in lower case, one name perhaps
    several times."""

    method: str = "POST"
    path: str = "/hooks/shop"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    query: str = ""

    def header(self, name: str) -> str | None:
        """As every server joins what came several times."""
        return self.joined.get(name)

    @cached_property
    def joined(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.headers:
            found[name] = f"{found[name]}, {value}" if name in found else value
        return found

    @property
    def place(self) -> str:
        """The path that is meant: how many slashes it begins with makes no difference."""
        return "/" + self.path.lstrip("/")

    def genuine(self, key: bytes, now: float) -> bool:
        """Whether a holder of the secret made it, by the words of the contract alone."""
        id, time, marks = (
            self.header("webhook-id"),
            self.header("webhook-timestamp"),
            self.header("webhook-signature"),
        )
        if (
            self.method != "POST"
            or self.place not in ("/hooks/shop", "/query/shop")
            or not (id and time and marks)
        ):
            return False
        if not (
            time.isascii() and time.isdigit() and len(time) < 13 and abs(int(time) - now) <= 300
        ):
            return False
        return signature(id, time, self.body, key) in marks.split(" ")


def signature(id: str, time: str, body: bytes, key: bytes) -> str:
    digest = hmac.digest(
        key, b".".join((id.encode("latin-1"), time.encode("latin-1"), body)), "sha256"
    )
    return "v1," + base64.b64encode(digest).decode()


class Hostile:
    """An endless row of requests; the same seed gives the same row."""

    def __init__(self, seed: int, key: bytes, now: float) -> None:
        self.random = random.Random(seed)
        self.key, self.now = key, now
        self.known: list[str] = ["msg_first"]

    def strangers(self) -> Request:
        """Nobody who holds the secret made this one."""
        make = self.random.choices([self.unsigned, self.tampered, self.elsewhere], [5, 3, 3])[0]
        return self.dressed(make())

    def anybody(self) -> Request:
        if self.random.random() < 0.6:
            return self.strangers()
        return self.dressed(self.signed())

    def unsigned(self) -> Request:
        pick = self.random.choice
        at = f"/{pick(['hooks', 'query'])}/{pick([*SOURCES, 'shop', 'shop', 'shop'])}"
        headers = [("content-type", pick([*KINDS, "application/json"]))]
        for name, values in (
            ("webhook-id", IDS),
            ("webhook-timestamp", TIMES),
            ("webhook-signature", MARKS),
            ("x-signature", TAILS),
        ):
            good = {"webhook-id": "msg_1", "webhook-timestamp": str(int(self.now))}.get(
                name, "v1," + "A" * 43 + "="
            )
            headers += [(name, pick([*values, good, good]))] * pick([0, 1, 1, 1, 1, 2])
        return Request(path=at, headers=headers, body=self.body())

    def tampered(self) -> Request:
        """Signed, and then one thing that the signature covers, or that names the source, is
        changed."""
        made = self.signed()
        headers = dict(made.headers)
        changes: list[Callable[[], Request]] = [
            lambda: replace(made, body=made.body + b" "),
            lambda: replace(made, body=made.body[1:] or b"x"),
            lambda: replace(made, path=f"/hooks/{self.random.choice(SOURCES)}"),
            lambda: replace(made, method=self.random.choice(METHODS)),
            lambda: replace(
                made, headers=[*(headers | {"webhook-id": headers["webhook-id"] + "0"}).items()]
            ),
            lambda: replace(
                made, headers=[*(headers | {"webhook-timestamp": str(int(self.now) + 1)}).items()]
            ),
            lambda: replace(
                made,
                headers=[
                    *(
                        headers | {"webhook-signature": headers["webhook-signature"].swapcase()}
                    ).items()
                ],
            ),
            lambda: replace(made, headers=[*made.headers, ("webhook-id", headers["webhook-id"])]),
            lambda: replace(
                made, headers=[*made.headers, ("webhook-timestamp", headers["webhook-timestamp"])]
            ),
            lambda: replace(
                made, headers=[pair for pair in made.headers if pair[0] != "webhook-signature"]
            ),
            lambda: self.sign(made, b"another-secret-of-32-bytes-length"),
            lambda: self.sign(
                made, at=self.now + self.random.choice([-301, 301, -(10**9), 10**10])
            ),
        ]
        return self.random.choice(changes)()

    def elsewhere(self) -> Request:
        method = self.random.choice([*METHODS, "GET", "GET", "POST"])
        query = self.random.choice(
            ["", "", "source=shop", "%", "a" * 3000, "\xff", "&" * 500, "a[]=1"]
        )
        return Request(
            method, self.random.choice(PATHS), [], self.body() if method == "POST" else b"", query
        )

    def signed(self) -> Request:
        """By the holder of the secret: junk, hostile fields, or old ids with something else in
        them."""
        chance = self.random.random()
        body = (
            self.body()
            if chance < 0.3
            else self.bent(self.object())
            if chance < 0.5
            else self.object()
        )
        path = "/query/shop" if self.random.random() < 0.3 else "/hooks/shop"
        kind = self.random.choice(KINDS) if self.random.random() < 0.1 else "application/json"
        return self.sign(Request(path=path, headers=[("content-type", kind)], body=body))

    def sign(self, made: Request, key: bytes | None = None, at: float | None = None) -> Request:
        time = str(int(self.now + self.random.uniform(-290, 290) if at is None else at))
        id = (
            self.random.choice(self.known)
            if self.random.random() < 0.75
            else f"msg_{self.random.getrandbits(64):x}"
        )
        if len(self.known) < 3_000 and id not in self.known[-1:]:
            self.known.append(id)
        headers = {
            "content-type": made.header("content-type") or "",
            "webhook-id": id,
            "webhook-timestamp": time,
            "webhook-signature": signature(id, time, made.body, key or self.key),
        }
        return replace(made, headers=[*headers.items()])

    def dressed(self, made: Request) -> Request:
        """With headers that nobody asked for; now and then hundreds."""
        more = [
            (name, self.random.choice(values))
            for name, values in self.random.sample(OTHER_HEADERS, self.random.choice([0, 1, 2, 4]))
        ]
        if self.random.random() < 0.01:
            more += [(f"x-{number}", "y" * 40) for number in range(400)]
        return replace(made, headers=[*made.headers, *more])

    def body(self) -> bytes:
        chance = self.random.random()
        if chance < 0.7:
            return self.random.choice(RAW)
        if chance < 0.97:
            return self.random.randbytes(self.random.choice([1, 30, 400]))
        return self.random.choice([b"x", b"[", b" ", b'{"a":']) * self.random.choice(
            [MOST_BYTES // 5, MOST_BYTES, MOST_BYTES + 1]
        )

    def bent(self, body: bytes) -> bytes:
        """With one to three places of it cut out, doubled, swapped or replaced: what no list of
        ours foresaw."""
        for _ in range(self.random.choice([1, 1, 2, 3])):
            one, two = sorted(self.random.randrange(len(body) + 1) for _ in range(2))
            two = min(two, one + self.random.choice([1, 1, 4, 40]))
            piece = body[one:two]
            new = self.random.choice(
                [
                    b"",
                    piece * 2,
                    piece[::-1],
                    self.random.randbytes(len(piece)),
                    self.random.choice(PIECES),
                ]
            )
            body = body[:one] + new + body[two:]
        return body

    def object(self) -> bytes:
        pick = self.random.choice
        type = pick([*ACTIONS, *QUESTIONS, *ACTIONS, pick(TEXTS), pick(VALUES)])
        schema = (ACTIONS | QUESTIONS).get(
            type if isinstance(type, str) else "", ACTIONS["mailbox.create"]
        )  # type: ignore[operator]
        good = {
            "service_id": "7",
            "address": f"box{self.random.randrange(200)}@example.com",
            "password": f"{PLANTED}a",
            "plan": "basic",
        }
        data: Any = {name: good.get(name, PLANTED) for name in schema().fields}
        for name in [*data, "unknown", "\x00"]:
            if self.random.random() < 0.25:
                data[name] = pick(TEXTS) if self.random.random() < 0.6 else pick(VALUES)
        if data.get("service_id") == PLANTED:
            data["service_id"] = "7"  # the receipt repeats it: a service's id is no secret
        if self.random.random() < 0.03:
            data |= {f"k{number}": number for number in range(900)}
        time: Any = (
            "2027-03-01T12:00:00Z" if self.random.random() < 0.8 else pick([*TEXTS, *VALUES])
        )
        body = {
            "type": type,
            "timestamp": time,
            "data": data if self.random.random() < 0.95 else pick(VALUES),
        }
        return json.dumps(body).encode()
