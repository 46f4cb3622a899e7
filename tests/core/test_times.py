"""Times become text at the edges: every one, however deep, and nothing else."""

from bridge.reporting.times import clock, readable, with_times

NOON = 1803902400.0


def test_every_time_becomes_text_however_deep_it_lies() -> None:
    story = {
        "now": NOON,
        "job": {"created_at": NOON, "finished_at": None, "tries": 2},
        "commands": [{"trust_after": NOON}],
    }
    assert with_times(story) == {
        "now": "2027-03-01T12:00:00Z",
        "job": {"created_at": "2027-03-01T12:00:00Z", "finished_at": None, "tries": 2},
        "commands": [{"trust_after": "2027-03-01T12:00:00Z"}],
    }


def test_numbers_that_are_no_times_stay_numbers() -> None:
    plain = {
        "cost_per_year": 9.5,
        "ends_in": 86400.0,
        "seconds": 1.5,
        "receiver_tries": 3,
        "quota": 5 << 30,
    }
    assert with_times(plain) == plain


def test_a_time_that_was_never_set_is_none_and_not_1970() -> None:
    never = {"mailbox": {"settles_at": 0.0}, "commands": [{"trust_after": 0.0}], "seconds": 0.0}
    assert with_times(never) == {
        "mailbox": {"settles_at": None},
        "commands": [{"trust_after": None}],
        "seconds": 0.0,
    }


def test_text_that_is_one_already_stays() -> None:
    assert with_times({"delete_after": "2027-03-01T12:00:00Z"}) == {
        "delete_after": "2027-03-01T12:00:00Z"
    }


def test_people_read_a_time_without_its_letters() -> None:
    assert clock(NOON) == readable("2027-03-01T12:00:00Z") == "2027-03-01 12:00:00 UTC"
