"""The module's pages and mails: each renders, with nothing but what it is given, and escapes it."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from contrib.plugins import ROOT
from tests.support.programs import missing, needed

FOLDER = ROOT / "hooks/fossbilling/php/modules/Serviceenombridge/templates"
NAMES = sorted(path.name.removesuffix(".html.twig") for path in FOLDER.rglob("*.twig"))
MAILS = sorted(path.name for path in (FOLDER / "email").iterdir())
HOSTILE = '<script>"&'
COMPANY = {"system_company": {"name": "Example"}, "system_email": {"signature": "Bye"}}
LABELS = (
    "your_mailbox", "address", "status", "settings", "incoming", "outgoing", "login",
    "open_webmail", "set_password", "new_password", "password_rule",
)  # fmt: skip


def values(**more: Any) -> dict[str, Any]:
    """What FOSSBilling gives to any of them."""
    service = dict.fromkeys(("address", "said", "webmail", "incoming", "outgoing"), HOSTILE) | {
        "state": "active", "text": dict.fromkeys(LABELS, HOSTILE), "rows": {"State": HOSTILE},
        "links": {"this mailbox": HOSTILE}, "warning": HOSTILE, "plan": "basic", "server": 1,
    }  # fmt: skip
    server = dict.fromkeys(("name", "host", "port", "source", "pages"), HOSTILE)
    answers = {
        "serviceenombridge_server_get_list": [server | {"id": 1, "has_secret": 1, "secure": "1"}],
        "serviceenombridge_server_get_pairs": {"1": HOSTILE},
        "serviceenombridge_plans": {"": "Default size", "basic": HOSTILE},
    }
    product = {"id": 3, "config": {"server": "1", "plan": HOSTILE, "domain": HOSTILE}}
    order = {"id": 7, "title": HOSTILE, "reason": HOSTILE, "expires_at": "2027-01-01"}
    given = {"admin": answers, "guest": COMPANY, "service": service, "order": order}
    given |= {"product": product, "request": {"ajax": False}, "c": {"first_name": HOSTILE}}
    return given | {"address": HOSTILE, "text": HOSTILE} | more


def rendered(**changes: Any) -> dict[str, str]:
    script = str(Path(__file__).with_name("templates.php"))
    given = json.dumps({name: values(**changes) for name in NAMES})
    done = subprocess.run(
        [needed("php"), "-derror_reporting=8191", script, str(FOLDER), given],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "Twig/autoload.php" in done.stdout + done.stderr:
        missing("php")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_each_page_and_mail_renders_and_escapes() -> None:
    for name, text in rendered().items():
        assert HOSTILE not in text, name
        shows_nothing = name == "mod_serviceenombridge_order"
        assert shows_nothing or "&lt;script&gt;" in text, name


@pytest.mark.parametrize("missing_value", ["service", "product", "order"])
def test_each_renders_with_next_to_nothing(missing_value: str) -> None:
    empty: Any = {"id": 7} if missing_value != "service" else {"address": ""}
    assert set(rendered(**{missing_value: empty})) == set(NAMES)


@pytest.mark.parametrize("name", MAILS)
def test_fossbilling_finds_subject_and_content_of_a_mail(name: str) -> None:
    text = (FOLDER / "email" / name).read_text()
    assert re.search(r"{%.?block subject.?%}((.*?)+){%.?endblock.?%}", text)
    assert re.search(r"{%.?block content.?%}((.*?\n)+){%.?endblock.?%}", text)
