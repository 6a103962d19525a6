"""The twins against the worked examples of the definitions: clocks and texts, the front door, assessment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from fractions import Fraction

import pytest

from tests.one_child import TODAY, Rows, ago, answer, child_referred, level
from tests.oracle.moments import at, clock_hours, due_day, london
from tests.oracle.outcome_texts import factors, flag, said

YES = "Y"


def moment(text: str) -> datetime:
    found = at(text)
    assert found is not None
    return found


# ---------------------------------------------------------------------- clocks, texts


@pytest.mark.parametrize(
    ("a", "b", "elapsed", "working_days", "office"),
    (
        ("2026-03-27 16:30", "2026-03-30 07:00", 61.5, 14.5, 0.5),
        ("2026-04-02 16:30", "2026-04-07 16:30", 120, 24, 8),
        ("2026-10-24 12:00", "2026-10-26 12:00", 49, 12, 3),
        ("2026-03-30", "2026-03-31 07:00", 7, 7, 0),
    ),
)
def test_hours_are_counted_on_each_clock(a, b, elapsed, working_days, office):
    counted = [clock_hours(moment(a), moment(b), clock) for clock in ("elapsed", "working_days", "office")]

    assert counted == [Fraction(str(hours)) for hours in (elapsed, working_days, office)]


def test_a_moment_without_a_time_is_the_end_of_its_day_and_a_zone_is_honoured():
    assert at("2026-03-30") == at("30/03/2026 00:00") == london(date(2026, 3, 31), time(0))
    assert at("2026-03-30T07:00:59Z") == london(date(2026, 3, 30), time(8))
    assert at("2026-03-30T07:00+02:00") == london(date(2026, 3, 30), time(6))
    assert at("2026-03-29 01:30") == london(date(2026, 3, 29), time(2, 30))  # the clock skips it
    assert at("2026-10-25 01:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # the first of two


def test_due_is_the_day_of_the_last_minute_that_is_in_time():
    assert due_day(moment("2026-03-27 07:00"), 24, "working_days") == date(2026, 3, 30)
    assert due_day(moment("2026-03-27 00:01"), 23, "elapsed") == date(2026, 3, 27)


def test_an_outcome_is_read_up_to_its_comments():
    assert said('{"A_FLAG": "Y", "COMMENTS": "x", "B_FLAG": "Y"}', "A_FLAG") == "Y"
    assert said('{"A_FLAG": "Y", "outcome_comments": "x", "B_FLAG": "Y"}', "B_FLAG") is None
    assert flag("conference; other", "CP_CONFERENCE_FLAG", ("Conference",))
    assert not flag("conference; other", "CP_CONFERENCE_FLAG")


def test_factors_are_read_with_and_without_answers():
    assert factors('["1A", "2B"]') == {"1A", "2B"}
    assert factors('{"1A": "Yes", "2B": "No"}') == {"1A"}


# ---------------------------------------------------------------------- the front door


def contact(received: str, as_of: date = TODAY, **cells: str) -> tuple[str | None, date | None]:
    found = answer(
        "FD-01",
        as_of=as_of,
        subject="K1",
        ssd_contacts=[{"cont_contact_id": "K1", "cont_person_id": "P1", "cont_contact_date": received}],
        ext_contact=[{"contact_id": "K1", "received_at": received, **cells}],
    )
    return found.level, found.due


@pytest.mark.parametrize(
    ("received", "expected"),
    (
        ("2026-03-30 11:00", None),
        ("2026-03-30 10:59", "amber"),
        ("2026-03-30 07:00", "amber"),
        ("2026-03-30 06:59", "red"),
        ("2026-03-27 16:30", "red"),
        ("2026-03-27 07:00", "red"),
        ("2026-03-27 06:59", "critical"),
        ("2026-03-30", None),
        ("2026-03-27", "red"),
    ),
)
def test_fd_01_as_worked(received, expected):
    assert contact(received)[0] == expected


def test_fd_01_as_worked_with_its_due_day_and_an_urgent_one():
    monday = date(2026, 3, 30)

    assert contact("2026-03-27 16:30")[1] == contact("2026-03-27")[1] == monday
    assert contact("2026-03-29 00:59", monday, rag="red")[0] == "red"
    assert contact("2026-03-29 00:59", monday)[0] is None


@pytest.mark.parametrize(
    ("in_time", "counted", "expected"), ((95, 100, None), (94, 100, "amber"), (89, 100, "red"), (28, 29, "unknown"))
)
def test_fd_02_as_worked(in_time, counted, expected):
    moments = [
        {"contact_id": f"K{n}", "received_at": "2026-03-23 09:00", "decision_at": "2026-03-23 10:00" if n < in_time else None}
        for n in range(counted)
    ]
    rows = [{"cont_contact_id": f"K{n}", "cont_person_id": "P1"} for n in range(counted)]
    found = answer("FD-02", subject="contacts", ssd_contacts=rows, ext_contact=moments)

    assert (found.level or (found.outcome == "unknown" and "unknown") or None) == expected


@pytest.mark.parametrize(
    ("received", "expected"), (("2026-03-27 07:00", None), ("2026-03-26 07:00", "amber"), ("2026-03-26 06:59", "red"))
)
def test_fd_03_as_worked(received, expected):
    found = answer(
        "FD-03",
        subject="R1",
        ssd_cin_episodes=child_referred("2026-03-26"),
        ext_referral=[{"referral_id": "R1", "received_at": received}],
    )

    assert found.level == expected
    assert found.due == date(2026, 3, 31) or expected != "red"


@pytest.mark.parametrize(
    ("days", "referred", "expected"),
    (
        (("2025-09-30", "2025-11-01", "2026-02-02"), None, "amber"),
        (("2025-09-29", "2025-11-01", "2026-02-02"), None, None),
        (("2025-09-30", "2025-11-01", "2026-02-02"), "2025-09-30", None),
    ),
)
def test_fd_06_as_worked(days, referred, expected):
    rows = [{"cont_contact_id": f"K{on}", "cont_person_id": "P1", "cont_contact_date": on} for on in days]

    assert level("FD-06", ssd_contacts=rows, ssd_cin_episodes=child_referred(referred or "2025-09-01", "2025-10-01")) == expected


def referrals(counts: dict[str, int]) -> Rows:
    """Return so many referrals on each of these days."""
    pairs = [(on, n) for on, count in counts.items() for n in range(count)]
    return [{"cine_person_id": "P1", "cine_referral_id": f"{on}-{n}", "cine_referral_date": on} for on, n in pairs]


@pytest.mark.parametrize(
    ("as_of", "counts", "measure", "expected"),
    (
        (date(2026, 4, 1), {"2025-03-01": 700, "2026-03-02": 880}, 1.2, "amber"),
        (date(2026, 4, 1), {"2025-03-01": 700, "2026-03-02": 879}, None, None),
        (date(2021, 5, 4), {"2019-04-01": 700, "2021-04-06": 980}, 1.4, "red"),
        (date(2021, 5, 4), {"2019-04-01": 20, "2021-04-06": 28}, 1.4, None),
    ),
)
def test_fd_07_as_worked(as_of, counts, measure, expected):
    found = answer("FD-07", as_of=as_of, subject="referrals", ssd_cin_episodes=referrals(counts))

    assert found.level == expected
    assert measure is None or found.measure == pytest.approx(measure, abs=0.005)


@pytest.mark.parametrize(("now", "expected"), ((70, "red"), (69, "amber")))
def test_fd_08_as_worked(now, expected):
    days = [ago(n) for n in range(28, 413) for _ in range(2 if 364 <= n < 386 else 1)] + [ago(n % 28) for n in range(now)]
    days = [*(ago(n % 28 + 364) for n in range(50)), *(ago(n) for n in (*range(28, 364), *range(392, 413))), *days[-now:]]
    rows = [{"strategy_id": f"S{n}", "person_id": "P1", "held_on": on} for n, on in enumerate(days)]
    found = answer("FD-08", subject="strategy", ext_strategy=rows)

    assert (found.level, found.measure) == (expected, now / 50)


@pytest.mark.parametrize(("again", "expected"), ((220, None), (221, "amber"), (261, "red")))
def test_fd_09_as_worked(again, expected):
    people = [{"pers_person_id": f"P{n}"} for n in range(1000)]
    rows = [{"cine_person_id": f"P{n}", "cine_referral_id": f"A{n}", "cine_referral_date": "2026-03-01"} for n in range(1000)]
    rows += [{"cine_person_id": f"P{n}", "cine_referral_id": f"B{n}", "cine_referral_date": "2025-03-01"} for n in range(again)]
    rows.append({"cine_person_id": "P0", "cine_referral_id": "old", "cine_referral_date": "2024-03-01"})
    found = answer("FD-09", subject="council", ssd_person=people, ssd_cin_episodes=rows)

    assert (found.level, found.share) == (expected, Fraction(again, 1000))


@pytest.mark.parametrize(("now", "expected"), ((50, None), (54, "amber"), (60, "red")))
def test_fd_10_as_worked(now, expected):
    assessed, found_out = [], []
    for on, count in (("2026-01-10", now), ("2025-01-10", 36)):
        for n in range(200):
            key = f"{on}-{n}"
            assessed.append({"cina_assessment_id": key, "cina_person_id": "P1", "cina_assessment_auth_date": on})
            code = "4A" if n < count else "3A"
            found_out.append({"cinf_assessment_id": key, "cinf_assessment_factors_json": f'["{code}"]'})
    found = answer("FD-10", subject="mental_health", ssd_cin_assessments=assessed, ssd_assessment_factors=found_out)

    assert (found.level, found.share) == (expected, Fraction(now - 36, 200))


# ---------------------------------------------------------------------- assessment


@pytest.mark.parametrize(
    ("referred", "expected"), (("2026-03-24", None), ("2026-03-23", "amber"), ("2026-03-17", "amber"), ("2026-03-16", "red"))
)
def test_as_02_as_worked(referred, expected):
    assert level("AS-02", ssd_cin_episodes=child_referred(referred)) == expected


@pytest.mark.parametrize(("authorised", "expected"), (("2026-03-24", "amber"), ("2026-03-23", None)))
def test_as_03_as_worked(authorised, expected):
    row = {"cina_assessment_id": "A1", "cina_person_id": "P1", "cina_assessment_auth_date": authorised}

    assert answer("AS-03", subject="A1", ssd_cin_assessments=[row]).level == expected
