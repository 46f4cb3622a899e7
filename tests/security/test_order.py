"""What is checked before what, held by the structure of the code: nothing that costs comes
before the signature."""

import ast
import hmac
import inspect
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bridge
import hooks
from bridge.pipeline import intake
from bridge.pipeline.intake import Intake
from hooks import message, schemes, signing
from hooks.errors import BadSignature
from hooks.types import Delivery, Verified
from tests.security.hostile import Request
from tests.security.stand import KEY, NOW, call, stand

OTHER_KEYS = [bytes([number]) * 32 for number in range(5)]
SIGNED = signing.sign("msg_1", int(NOW), b"{}", KEY)


def delivery(headers: dict[str, str], source: str = "shop") -> Delivery:
    return Delivery(source, headers, b"{}", NOW)


class Touched(Exception):
    pass


def never(*_: Any, **__: Any) -> Any:
    raise Touched


def test_nothing_is_parsed_sealed_or_asked_of_the_database_before_the_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stand(tmp_path) as bridge_:
        for place, name in (
            (message, "read_message"),
            (intake, "canonical"),
            (bridge_.service.sealer, "seal"),
            (bridge_.service.sealer, "digest"),
            (bridge_.service.database, "read"),
            (bridge_.service.database, "write"),
            (bridge_.service.outgoing, "post"),
        ):
            monkeypatch.setattr(place, name, never)
        monkeypatch.setattr("json.loads", never)
        for path in ("/hooks/shop", "/query/shop", "/hooks/other"):
            body = b'{"type": "mailbox.create"}'
            assert (
                call(
                    bridge_.app, Request("POST", path, [("content-type", "application/json")], body)
                ).status
                == 401
            )


def test_a_body_over_the_limit_is_not_even_read(tmp_path: Path) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise Touched

    with stand(tmp_path) as bridge_:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/hooks/shop",
            "CONTENT_LENGTH": str(10**9),
            "wsgi.input": Unread(),
        }
        environ |= {
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "SERVER_PROTOCOL": "HTTP/1.1",
        }
        statuses: list[str] = []
        list(bridge_.app(environ, lambda status, headers, exc_info=None: statuses.append(status)))  # type: ignore[arg-type]
        assert statuses[0].startswith("413")


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("scheme", ["standard", "itsdangerous"])
def test_every_secret_is_tried_also_after_one_that_fits(
    monkeypatch: pytest.MonkeyPatch, place: int, scheme: signing.Scheme
) -> None:
    """How long it takes does not tell which of several secrets, or whether one, was right."""
    tried: list[bytes] = []
    keys = [*OTHER_KEYS[:place], KEY, *OTHER_KEYS[place:]]
    real = signing.SCHEMES[scheme]

    def noting(one: Delivery, id: str) -> tuple[int, Callable[[bytes], bool]]:
        time, fits = real(one, id)
        return time, lambda key: (tried.append(key), fits(key))[1]

    monkeypatch.setattr(signing, "SCHEMES", {scheme: noting})
    sign = signing.sign if scheme == "standard" else signing.sign_itsdangerous
    assert (
        signing.verify(delivery(sign("msg_1", int(NOW), b"{}", KEY)), keys, scheme, NOW).key_index
        == place
    )
    assert tried == keys


def test_every_entry_is_compared_whole_and_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[str, str]] = []
    real = hmac.compare_digest

    def noting(one: str, other: str) -> bool:
        compared.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    right = SIGNED["webhook-signature"]
    entries = ["v1,AAAA", right, "v1,BBBB"]
    signing.verify(
        delivery(SIGNED | {"webhook-signature": " ".join(entries)}), [KEY], "standard", NOW
    )
    assert compared == [(right, entry) for entry in entries]


def test_no_signature_or_digest_is_compared_with_equals() -> None:
    """In the files that hold secrets: == ends at the first letter that differs."""
    secretive = ("digest", "signature", "expected", "mac")
    for module in (signing, schemes, __import__("bridge.infra.crypto", fromlist=["x"])):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Compare) and any(
                isinstance(op, ast.Eq | ast.NotEq) for op in node.ops
            ):
                names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
                assert not {name for name in names if any(word in name for word in secretive)}, (
                    ast.unparse(node)
                )


def test_a_stale_signature_is_found_out_only_after_it_was_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a stranger could tell a wrong time from a wrong secret; the answer is the same for
    both."""
    old = SIGNED | {"webhook-timestamp": str(int(NOW) - 400)}
    with pytest.raises(BadSignature) as caught:
        signing.verify(delivery(old), [KEY], "standard", NOW)
    assert type(caught.value) is BadSignature


def test_only_the_verifier_and_a_replay_make_what_can_be_parsed() -> None:
    makers = set()
    for package in (bridge, hooks):
        root = Path(package.__path__[0])
        for path in root.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Name)
                    and node.func.id == Verified.__name__
                ):
                    makers.add(f"{root.name}/{path.relative_to(root)}")
    assert makers <= {
        "hooks/signing.py",
        "bridge/pipeline/replay.py",
        "bridge/pipeline/subscription_list.py",  # what the platform answered when it was asked
        "bridge/store/admin/lookup.py",
        "bridge/cli/replay.py",
    }
    assert next(iter(inspect.signature(message.read_message).parameters.values())).annotation in (
        Verified,
        "Verified",
    )


def test_an_unknown_source_and_a_wrong_address_are_the_same_error() -> None:
    nobody = Intake({}, None, None, lambda: NOW, None)  # type: ignore[arg-type]
    with pytest.raises(BadSignature) as caught:
        nobody.verify(delivery(SIGNED), "127.0.0.1")
    assert caught.value.detail == BadSignature().detail


def test_a_source_that_is_not_there_takes_the_work_of_a_wrong_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: contrib/bench/lookups.py times it."""
    computed: list[int] = []
    real = hmac.digest
    monkeypatch.setattr(
        hmac, "digest", lambda *given: (computed.append(len(given[1])), real(*given))[1]
    )
    wrong = {**SIGNED, "webhook-signature": "v1," + "A" * 43 + "="}
    work = []
    with (
        stand(tmp_path, source__allow_from=["198.51.100.0/24"]) as barred,
        monkeypatch.context() as patch,
    ):
        for path in ("/hooks/shop", "/hooks/x", "/query/shop", "/query/x"):
            assert (
                call(barred.app, Request("POST", path, [*wrong.items()], b"x" * 900)).status == 401
            )
            work.append(list(computed))
            computed.clear()
        patch.setattr(type(barred.service.intake.sources["shop"]), "admits", lambda *_: True)
        assert (
            call(barred.app, Request("POST", "/hooks/shop", [*wrong.items()], b"x" * 900)).status
            == 401
        )
    assert [*work, computed] == [computed] * 5 and len(computed) == 1


def test_a_secret_that_nobody_has_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = signing.sign("msg_1", int(NOW), b"{}", intake.NOBODYS)
    with pytest.raises(BadSignature):
        Intake({}, None, None, lambda: NOW, None).verify(delivery(signed, "x"), "127.0.0.1")  # type: ignore[arg-type]


@pytest.mark.parametrize("type", ["job.succeeded", "job.failed", "job.held", "job.cancelled"])
def test_our_own_callback_sent_back_to_us_is_refused(tmp_path: Path, type: str) -> None:
    """Reflection: callbacks are signed with the same secret as hooks, and are of no type that a
    hook or query has."""
    with stand(tmp_path) as bridge_:
        body = f'{{"type": "{type}", "timestamp": "2027-03-01T12:00:00Z", "data": {{}}}}'.encode()
        for path in ("/hooks/shop", "/query/shop"):
            headers = signing.sign("cb_job_1_1", int(NOW), body, KEY) | {
                "content-type": "application/json"
            }
            answer = call(bridge_.app, Request("POST", path, [*headers.items()], body))
            assert (answer.status, b'"type"' in answer.body) == (422, True)
        assert bridge_.rows()["jobs"] == 0
