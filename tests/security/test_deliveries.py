"""Hostile deliveries in brief; `make hostile` sends a million."""

from pathlib import Path

from bridge.web import problems
from tests.security.hostile import PLANTED, Hostile, Request
from tests.security.stand import KEY, NOW, call, resident, stand

BRIEF = 1_500
SEED = 4


def test_nothing_of_a_stranger_is_stored_and_all_get_one_answer(tmp_path: Path) -> None:
    with stand(tmp_path) as bridge:
        before = bridge.rows()
        made = Hostile(SEED, KEY, NOW)
        for _ in range(BRIEF):
            bridge.send(made.strangers())
        assert (bridge.signed, bridge.rows()) == (0, before)
        assert bridge.statuses[401] > BRIEF / 3


def test_whoever_sends_whatever_there_is_no_5xx_no_foreign_error_and_no_growth(
    tmp_path: Path,
) -> None:
    with stand(tmp_path) as bridge:
        made = Hostile(SEED + 1, KEY, NOW)
        for number in range(BRIEF):
            bridge.send(made.anybody())
            if number == BRIEF // 3:
                warm = resident()
        assert resident() - warm < 32 << 20
        assert bridge.signed > BRIEF / 5
        assert bridge.hook_ids() == bridge.kept


def test_an_unknown_source_is_answered_byte_for_byte_like_a_wrong_signature(tmp_path: Path) -> None:
    with stand(tmp_path) as bridge:
        headers = [
            ("content-type", "application/json"),
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", str(int(NOW))),
        ]
        wrong = Request(
            headers=[*headers, ("webhook-signature", "v1," + "A" * 43 + "=")], body=b"{}"
        )
        known, unknown = (
            call(bridge.app, Request("POST", path, wrong.headers, wrong.body))
            for path in ("/hooks/shop", "/hooks/x")
        )
        assert known == unknown
        assert known.status == 401


def test_the_judge_finds_what_it_should(tmp_path: Path) -> None:
    """A test that cannot fail proves nothing: an app that breaks the rules is found out."""
    with stand(tmp_path) as bridge:
        for broken in (
            lambda: problems.unexpected(ValueError("x")),
            lambda: problems.problem(401, "you"),
            lambda: problems.problem(404, PLANTED),
        ):
            asked = Request(headers=[("prefer", "wait=0")])  # so that the view is asked at all
            bridge.send(asked)
            view, bridge.app.view_functions["receive.hook"] = (
                bridge.app.view_functions["receive.hook"],
                lambda source, broken=broken: broken(),
            )
            try:
                bridge.send(asked)
            except AssertionError:
                bridge.faults.seen.clear()
            else:
                raise AssertionError("not found")
            bridge.app.view_functions["receive.hook"] = view
