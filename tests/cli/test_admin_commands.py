"""The ways in to the pages that the command line gives."""

from click.testing import CliRunner
from werkzeug.security import check_password_hash

from bridge.cli import main
from bridge.web.admin import sign_in_code
from tests.cli.conftest import House


def test_a_link_stands_under_the_public_address_with_its_code_behind_the_hash(house: House) -> None:
    house.start(work=False)
    assert house.running
    url, code = house.ok("admin-link").strip().split("#")
    assert url == "http://127.0.0.1:8080/admin/sign-in"
    service = house.running.service
    found = sign_in_code.read(service.sealer, code, service.database.clock())
    assert found is not None and found.acts and found.who.endswith(" (link)")
    assert 890 < found.until - service.database.clock() <= 900
    made = house.json("admin-link", "--read-only", "--minutes", "5")
    looking = sign_in_code.read(service.sealer, made["code"], service.database.clock())
    assert looking is not None and not looking.acts
    assert [
        row["detail"] for row in house.json("audit", "list", "--action", "admin-link")["items"]
    ] == [
        "read-only, 5 minutes",
        "15 minutes",
    ]


def test_a_password_is_asked_for_twice_and_only_its_hash_is_printed() -> None:
    typed = "Correct-Horse.1\n"
    result = CliRunner().invoke(main, ["admin-password"], input=typed * 2)
    assert result.exit_code == 0
    assert check_password_hash(result.stdout.strip(), typed.strip())
    assert typed.strip() not in result.output


def test_a_short_password_and_one_that_was_typed_otherwise_are_refused() -> None:
    assert CliRunner().invoke(main, ["admin-password"], input="short\nshort\n").exit_code == 1
    assert (
        CliRunner()
        .invoke(main, ["admin-password"], input="Correct-Horse.1\nCorrect-Horse.2\n")
        .exit_code
        == 1
    )
