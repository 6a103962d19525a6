"""When jobs are to be done, what is recorded of the days on which they were not, and what that does to those who wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from alerting.config import Job
from alerting.errors import ConfigError
from alerting.runs.clock_jumps import Reading, jumped, watch
from alerting.runs.timetable import Timetable, is_slot, slots
from alerting.store.job_leases import JobLeases, Occurrence, missed_lately
from alerting.store.store import Store
from tests.office import Office

LONDON = ZoneInfo("Europe/London")
MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)
EASTER = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
DAILY = Job(at="07:00", cut_off="14:00")
WEEKLY = Job(at="07:30", on=("mon",))


def at(day: date, clock: str) -> datetime:
    """Return the moment at which the clocks of London show a time on a day."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=LONDON).astimezone(UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{(tmp_path / 'alerting.db').as_posix()}")
    yield store
    store.close()


@pytest.fixture
def table(store: Store) -> Timetable:
    return Timetable(jobs={"daily": DAILY, "weekly": WEEKLY}, zone=LONDON, holidays=EASTER, leases=JobLeases(store))


def lately_missed(table: Timetable, on: date) -> list[Occurrence]:
    with table.leases._store.transaction() as connection:
        return missed_lately(connection, on)


def done(table: Timetable, job: str, day: date, state: str = "done") -> None:
    claim = table.leases.begin(job, day, "here", at(day, "07:00"))
    table.leases.end(claim, state, {}, at(day, "07:05"), "it failed: the source cannot be read" if state == "failed" else None)


# ---------------------------------------------------------------- due


@pytest.mark.parametrize(
    ("clock", "due"), [("06:59", []), ("07:00", ["daily"]), ("10:40", ["daily", "weekly"]), ("14:00", ["weekly"])]
)
def test_a_job_is_due_from_its_time_until_its_cut_off(table: Timetable, clock: str, due: list[str]) -> None:
    assert table.due(at(MONDAY, clock)) == due


def test_a_job_is_due_on_its_days_alone(table: Timetable) -> None:
    assert table.due(at(MONDAY + 5 * DAY, "08:00")) == []
    assert table.due(at(MONDAY + DAY, "08:00")) == ["daily"]


def test_what_was_done_is_due_no_more_whatever_the_clock_does(table: Timetable) -> None:
    done(table, "daily", MONDAY)
    done(table, "weekly", MONDAY, "done_with_faults")

    assert table.due(at(MONDAY, "08:00")) == []
    # Put back by two hours, and by a day: the slot is the local date, and it is done, or lies behind one that is.
    assert table.due(at(MONDAY, "07:00")) == []
    assert table.due(at(MONDAY - 3 * DAY, "08:00")) == []


def test_what_was_stopped_is_due_at_once_and_what_failed_after_a_while(table: Timetable, monkeypatch: pytest.MonkeyPatch) -> None:
    done(table, "daily", MONDAY, "stopped")
    done(table, "weekly", MONDAY, "failed")
    assert table.due(at(MONDAY, "08:00")) == ["daily"]

    monkeypatch.setattr("alerting.runs.timetable.TRY_AGAIN_AFTER", timedelta())
    assert table.due(at(MONDAY, "08:00")) == ["daily", "weekly"]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_on_the_days_of_the_clock_change_seven_is_seven_and_comes_once(store: Store, day: date) -> None:
    every = Job(at="07:00", on=("sun",), cut_off="14:00")
    table = Timetable(jobs={"daily": every}, zone=LONDON, holidays=frozenset(), leases=JobLeases(store))
    day_long = [datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=5 * step) for step in range(-24, 12 * 25)]
    runs = []
    for moment in day_long:
        if table.is_due("daily", moment):
            done(table, "daily", moment.astimezone(LONDON).date())
            runs.append(moment.astimezone(LONDON))

    assert [(run.date(), run.time()) for run in runs] == [(day, time(7))]


@pytest.mark.parametrize("clock", ["01:00", "01:30", "01:59"])
def test_a_time_that_comes_twice_or_not_at_all_is_refused(clock: str) -> None:
    with pytest.raises(ValidationError, match="comes twice in October and not at all in March"):
        Job(at=clock)


def test_a_cut_off_before_the_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="`cut_off` must be later on the same day than `at`, which is 07:00"):
        Job(at="07:00", cut_off="06:00")


def test_monthly_is_the_first_of_its_weekdays_in_a_month_that_is_no_bank_holiday() -> None:
    monthly = Job(at="07:45")
    year = list(slots("monthly", monthly, date(2025, 12, 31), date(2026, 7, 1), frozenset({date(2026, 1, 1), date(2026, 5, 4)})))

    assert year == [date(2026, 1, 2), date(2026, 2, 2), date(2026, 3, 2), date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]
    assert not is_slot("monthly", Job(at="07:45", on=()), date(2026, 1, 1), frozenset())


# ---------------------------------------------------------------- missed


def test_nothing_was_missed_before_the_first_run(table: Timetable) -> None:
    assert table.record_missed(at(MONDAY, "20:00")) == []


def test_off_for_nine_days_is_one_run_today_and_the_rest_recorded_once(table: Timetable) -> None:
    done(table, "daily", MONDAY)
    done(table, "weekly", MONDAY)
    back = at(MONDAY + 10 * DAY, "10:40")

    missed = table.record_missed(back)
    assert [on for job, on in missed if job == "daily"] == [MONDAY + n * DAY for n in (1, 2, 3, 4, 7, 8, 9)]
    assert [on for job, on in missed if job == "weekly"] == [MONDAY + 7 * DAY]
    assert table.record_missed(back) == []
    assert table.due(back) == ["daily"]


def test_after_the_cut_off_todays_is_missed_as_well(table: Timetable) -> None:
    done(table, "daily", MONDAY)
    done(table, "weekly", MONDAY)
    late = at(MONDAY + DAY, "14:00")

    assert table.record_missed(late) == [("daily", MONDAY + DAY)]
    assert table.due(late) == []
    [missed] = lately_missed(table, MONDAY + 2 * DAY)
    assert str(missed) == "daily of 3 March 2026: nothing was there to start it between 07:00 and 14:00"


def test_a_run_that_went_on_failing_is_missed_for_what_it_failed_of(table: Timetable) -> None:
    done(table, "daily", MONDAY, "failed")
    table.record_missed(at(MONDAY, "14:00"))

    [missed] = lately_missed(table, MONDAY + DAY)
    assert str(missed) == "daily of 2 March 2026: it failed: the source cannot be read"


def test_a_run_that_another_overlapped_until_its_cut_off_is_missed_and_says_so(table: Timetable) -> None:
    done(table, "weekly", MONDAY)
    table.leases.begin("daily", MONDAY, "here", at(MONDAY, "07:00"))
    tomorrow = at(MONDAY + DAY, "14:00")

    assert table.record_missed(tomorrow) == [("daily", MONDAY + DAY)]
    [missed] = lately_missed(table, MONDAY + DAY)
    assert missed.note == "daily of 2 March 2026 was still going on"


# ---------------------------------------------------------------- what that does to those who wait


SOON = "escalate: [{after: 5 working days, to: service_manager}]"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule("plan-long", "PL-01", SOON)
    office.begin(MONDAY)
    return office


def was_off(office: Office, *days: date) -> None:
    store = Store.open(f"sqlite:///{(office.folder / 'alerting.db').as_posix()}")
    JobLeases(store).miss("daily", days, "nothing was there to start it")
    store.close()


@pytest.mark.slow
def test_days_without_a_run_are_not_counted_as_days_that_a_manager_let_pass(office: Office) -> None:
    was_off(office, MONDAY + DAY, MONDAY + 2 * DAY)

    office.run(MONDAY + 7 * DAY)
    assert office.people() == set(), "three days were heard of, not five"

    office.run(MONDAY + 9 * DAY)
    assert set(office.told("M1").values()) == {"reminder"}
    assert set(office.told("S1").values()) == {"new"}


@pytest.mark.slow
def test_administrators_are_told_once_of_the_days_that_were_missed(office: Office) -> None:
    was_off(office, MONDAY + DAY, MONDAY + 2 * DAY)

    office.run(MONDAY + 3 * DAY)
    notice, *same = [notice for notice in office.notices if notice.title == "Runs that did not take place"]
    assert all(other == notice for other in same), "the performance team and the administrators are told the same"
    assert notice.items == (
        "daily of 3 March 2026: nothing was there to start it",
        "daily of 4 March 2026: nothing was there to start it",
    )

    for again in (MONDAY + 3 * DAY, MONDAY + 4 * DAY):
        office.run(again)
        assert "Runs that did not take place" not in {notice.title for notice in office.notices}


# ---------------------------------------------------------------- clock jumps

UP = Reading(shown=at(MONDAY, "07:00"), start="a", up_s=1000)


def after(hours: float, shown: timedelta, start: str = "a") -> Reading:
    return Reading(shown=UP.shown + shown, start=start, up_s=UP.up_s + hours * 3600)


def test_a_clock_that_was_put_forward_by_more_than_a_day_has_jumped() -> None:
    assert jumped(UP, after(1, timedelta(hours=49))) == timedelta(hours=48)
    assert jumped(UP, after(1, timedelta(hours=26))) is None
    assert jumped(UP, after(0, timedelta(hours=-2))) is None


def test_a_machine_that_slept_or_was_off_for_days_has_not_jumped() -> None:
    assert jumped(UP, after(9 * 24, timedelta(days=9))) is None
    assert jumped(UP, after(0, timedelta(days=9), start="b")) is None


def test_while_the_clock_is_ahead_nothing_is_run_and_when_it_is_right_again_all_goes_on(store: Store) -> None:
    now = datetime.now(UTC)
    before = Reading(shown=now - timedelta(hours=1), start="a", up_s=1000)
    watch(store, now, before)
    ahead = Reading(shown=now + timedelta(days=2), start="a", up_s=1000 + 3600)

    for _ in range(2):
        with pytest.raises(ConfigError, match="was put forward by 48 hours"):
            watch(store, now, ahead)
    watch(store, now, Reading(shown=now, start="a", up_s=1000 + 3600))


def test_a_host_whose_clock_is_not_the_databases_runs_nothing(store: Store) -> None:
    with pytest.raises(ConfigError, match="this machine's clock and the database's are 2 hours apart"):
        watch(store, datetime.now(UTC) + timedelta(hours=2), None)
