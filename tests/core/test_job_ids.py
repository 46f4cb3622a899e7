"""Ids sort by time, and those of one millisecond by when they were made."""

from bridge.infra.job_ids import JobIds, first_id

NOON = 1795089600.5


def test_ids_of_one_moment_are_in_the_order_in_which_they_were_made() -> None:
    ids = JobIds()
    made = [ids.new(NOON) for _ in range(1000)]
    assert made == sorted(set(made))


def test_ids_are_in_the_order_of_time() -> None:
    ids = JobIds()
    for _ in range(50):
        late, early = ids.new(NOON + 0.001), ids.new(NOON)
        assert first_id(NOON) <= early < first_id(NOON + 0.001) <= late
