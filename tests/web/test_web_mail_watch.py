"""A whole bridge looks at the mail of its domains by itself: over real DNS, from the order until it
works, and what is said when it works no more."""

from collections.abc import Iterator

import pytest

from bridge.store.base import tables
from tests.support.names import NameServer
from tests.support.scene import PASSWORD, Open, Scene

SPF = "v=spf1 include:_spf.hostedemail.com ~all"
MX = "10 mx.example.com.cust.a.hostedemail.com."
HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.close()


@pytest.fixture
def settings(names: NameServer) -> dict[str, object]:
    host, port = names.address
    return {"bridge__resolver": f"{host}:{port}", "account__mail_hosts": ["hostedemail.com"]}


@pytest.fixture
def house(open_scene: Open, settings: dict[str, object]) -> Scene:
    return begin(open_scene(**settings))


def begin(scene: Scene) -> Scene:
    look(scene)
    scene.clock.now += 60
    assert scene.do("create", password=PASSWORD)["status"] == "succeeded"
    return scene


def look(scene: Scene, seconds: float = 0.0) -> None:
    scene.clock.now += seconds
    scene.engine.background.mail_watch.run()


def rows(scene: Scene, table: str) -> list[dict[str, object]]:
    with scene.service.database.read() as tx:
        found = tx.execute(tables.metadata.tables[table].select()).mappings()
        return [{**row} for row in found]


def told(scene: Scene) -> list[tuple[object, object]]:
    return [(row["subject"], row["cleared"]) for row in rows(scene, "notes")]


def works(names: NameServer) -> None:
    names.put("example.com", [MX], SPF)


def test_a_new_domain_is_looked_at_until_it_works_and_then_daily(
    house: Scene, names: NameServer
) -> None:
    look(house)
    asked = len(names.asked)
    assert asked > 0
    look(house, 60)
    assert len(names.asked) == asked, "its pause is not over"
    works(names)
    look(house, 600)
    (row,) = rows(house, "mail_watches")
    assert (row["receives"], row["sends"], row["next_at"]) == (True, True, None)
    asked = len(names.asked)
    look(house, HOUR)
    assert len(names.asked) == asked
    look(house, DAY)
    assert len(names.asked) > asked
    assert told(house) == []


def test_a_domain_that_works_no_more_is_one_note_and_one_when_it_works_again(
    house: Scene, names: NameServer
) -> None:
    works(names)
    look(house)
    names.put("example.com", ["10 mx.example.net."], SPF)
    look(house, DAY + 60)
    assert told(house) == [], "one look proves little"
    look(house, HOUR)
    assert told(house) == [("mail:example.com", False)]
    text = str(rows(house, "notes")[0]["text"])
    assert "no longer receives mail" in text and "another server: mx.example.net" in text
    assert "example.com. MX 10 mx.example.com.cust.a.hostedemail.com." in text
    names.failing = True
    look(house, DAY + 60)
    names.failing = False
    look(house, HOUR)
    look(house, DAY)
    assert len(told(house)) == 1
    works(names)
    look(house, DAY)
    assert told(house)[1:] == [("mail:example.com", True)]
    look(house, DAY)
    assert len(told(house)) == 2


def test_what_it_saw_is_what_is_shown_without_asking_again(house: Scene, names: NameServer) -> None:
    works(names)
    look(house)
    asked = len(names.asked)
    answer = house.ask("domain.readiness", domain="example.com")
    assert (answer.json or {})["data"]["receives"] == "ready"
    assert len(names.asked) == asked


def test_where_it_is_off_nothing_is_asked_and_nothing_kept(
    open_scene: Open, names: NameServer, settings: dict[str, object]
) -> None:
    off = begin(open_scene(**settings, worker__mail_sample=0))
    look(off, DAY)
    assert (names.asked, rows(off, "mail_watches")) == ([], [])


def test_an_account_whose_hosts_are_not_known_is_left_alone(
    open_scene: Open, names: NameServer, settings: dict[str, object]
) -> None:
    unknown = begin(open_scene(**settings | {"account__mail_hosts": []}))
    look(unknown, DAY)
    assert (names.asked, rows(unknown, "mail_watches")) == ([], [])


def test_a_process_that_stops_leaves_the_rest_to_the_next(house: Scene, names: NameServer) -> None:
    house.engine.background.mail_watch.stopping = lambda: True
    look(house)
    assert names.asked == []
    house.engine.background.mail_watch.stopping = lambda: False
    look(house, 301)
    assert names.asked
