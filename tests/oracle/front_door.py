"""The front door: contacts and referrals that nobody decided in time, and children who come again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from tests.oracle.answers import Answer, Params
from tests.oracle.asking import Rule, about, answer, share_answer
from tests.oracle.calendar import add_days, add_months
from tests.oracle.cells import Row, id_of, norm, real_date, yes
from tests.oracle.moments import at, clock_hours, due_day, known_at
from tests.oracle.outcome_texts import flag
from tests.oracle.views import Views, day, latest, text

FRONT_DOOR_CLOCK = "working_days"
DEFAULTS: Mapping[str, Params] = {
    "FD-04": {"window_days": 7, "lookback_months": 12, "info_prior": 1, "amber_prior": 2},
    "FD-01": {"amber_hours": 20, "red_hours": 24, "critical_hours": 48},
    "FD-02": {
        "contact_hours": 24,
        "referral_hours": 72,
        "amber_below": Fraction("0.95"),
        "red_below": Fraction("0.90"),
        "min_items": 30,
    },
    "FD-03": {"amber_hours": 48, "red_hours": 72},
    "FD-06": {"months": 6, "amber_contacts": 3, "red_contacts": 5},
}


def fd_04(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    for person in views.child:
        rows = [
            row
            for row in views.of("ssd_cin_episodes", "cine_person_id", person)
            if views.not_later(row, "cine_referral_date") is not None
        ]
        if not rows:
            continue
        first_day = add_days(views.as_of, -p["window_days"])
        new = [row for row in rows if (on := real_date(row["cine_referral_date"])) is not None and on >= first_day]
        if not new:
            answers[person] = about(views, person, None)
            continue
        e = latest(new, day("cine_referral_date"), text("cine_referral_id"))
        referred, referral = real_date(e["cine_referral_date"]), id_of(e.get("cine_referral_id"))
        assert referred is not None
        back_to = add_months(referred, -p["lookback_months"])
        earlier = {
            id_of(row.get("cine_referral_id"))
            for row in rows
            if (on := real_date(row["cine_referral_date"])) is not None and back_to <= on < referred
        }
        n = len(earlier - {None, referral})
        level = "amber" if n >= p["amber_prior"] else "info" if n >= p["info_prior"] else None
        answers[person] = about(views, person, level, measure=n)
    return answers


# ---------------------------------------------------------------------- contacts and referrals, hour by hour


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A contact or a referral. decided: None while nobody has, as far as the data know."""

    received: datetime | None
    received_on: date | None
    decided: datetime | None
    urgent: bool
    #: Those whom it is about, and all on its rows.
    people: frozenset[str]
    on_its_rows: frozenset[str]
    team: str | None


def contacts(views: Views) -> dict[str, Arrival]:
    def is_about(row: Row) -> bool:
        return not flag(row.get("cont_contact_outcome_json"), "EXISTING_REFERRAL_FLAG")

    of_contact = ("ssd_contacts", "cont_contact_id", "cont_person_id")
    return _arrivals(views, "ext_contact", ("contact_id", "decision_at"), of_contact, is_about)


def referrals(views: Views) -> dict[str, Arrival]:
    def is_about(row: Row) -> bool:
        return not yes(row.get("cine_referral_nfa")) and views.not_later(row, "cine_close_date") is None

    of_referral = ("ssd_cin_episodes", "cine_referral_id", "cine_person_id")
    return _arrivals(views, "ext_referral", ("referral_id", "completed_at"), of_referral, is_about)


def _arrivals(
    views: Views,
    table: str,
    columns: tuple[str, str],
    of_people: tuple[str, str, str],
    is_about: Callable[[Row], bool],
) -> dict[str, Arrival]:
    (key_column, end_column), (people_table, people_key, who) = columns, of_people
    known, found = known_at(views, table), {}
    for key in {id_of(row.get(key_column)) for row in views.rows(table)} - {None}:
        rows, its = views.of(table, key_column, key), views.of(people_table, people_key, key)
        decided = [moment for row in rows if (moment := at(row.get(end_column))) is not None and moment <= known]
        received = [moment for row in rows if (moment := at(row.get("received_at"))) is not None]
        dates = [on for row in rows if (on := real_date(row.get("received_at"))) is not None]
        assert key is not None
        found[key] = Arrival(
            received=min(received, default=None),
            received_on=min(dates, default=None),
            decided=min(decided, default=None),
            urgent=any(norm(row.get("rag")) == "red" for row in rows),
            people=_ids(row.get(who) for row in its if is_about(row)),
            on_its_rows=_ids(row.get(who) for row in its),
            team=_team(views, _ids(row.get("team_id") for row in rows)),
        )
    return found


def _ids(cells: Iterable[str | None]) -> frozenset[str]:
    return frozenset(key for cell in cells if (key := id_of(cell)) is not None)


def _team(views: Views, named: frozenset[str]) -> str | None:
    known = [team for team in named if views.of("ext_team", "team_id", team)]
    return min(known) if known else front_door_team(views)


def front_door_team(views: Views) -> str | None:
    teams = [id_of(row.get("team_id")) for row in views.rows("ext_team") if norm(row.get("service")) == "front_door"]
    return min((team for team in teams if team is not None), default=None)


def _is_asked(views: Views, arrival: Arrival) -> bool:
    children = [person for person in arrival.people if person in views.child and views.under_18(person)]
    sealed = any(views.sealed(person) for person in arrival.on_its_rows)
    return arrival.decided is None and bool(children) and not sealed and not _is_divided(views, arrival)


def _is_divided(views: Views, arrival: Arrival) -> bool:
    """Return whether of two people on it different others may know: then it is told to nobody, and counted."""
    known_to = {
        frozenset(row.get("allowed_recipients") or "" for row in rows)
        for person in arrival.on_its_rows
        if (rows := views.of("ext_restricted", "person_id", person))
    }
    return len(known_to) > 1


def fd_01(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_contact"):
        return None
    known, answers = known_at(views, "ext_contact"), {}
    for key, contact in contacts(views).items():
        if not _is_asked(views, contact):
            continue
        if contact.received is None:
            answers[key] = answer(None, unknown=True, team=contact.team)
        elif contact.received <= known:
            clock = "elapsed" if contact.urgent else FRONT_DOOR_CLOCK
            n = clock_hours(contact.received, known, clock)
            level = next((name for name in ("critical", "red", "amber") if n > p[f"{name}_hours"]), None)
            due = due_day(contact.received, p["red_hours"], clock)
            answers[key] = answer(level, measure=float(n), due=due, team=contact.team)
    return answers


def fd_03(views: Views, p: Params) -> dict[str, Answer] | None:
    if not views.supplied("ext_referral"):
        return None
    known, answers = known_at(views, "ext_referral"), {}
    for key, referral in referrals(views).items():
        if not _is_asked(views, referral):
            continue
        if referral.received is None:
            answers[key] = answer(None, unknown=True, team=referral.team)
        elif referral.received <= known:
            n = clock_hours(referral.received, known, FRONT_DOOR_CLOCK)
            level = next((name for name in ("red", "amber") if n > p[f"{name}_hours"]), None)
            due = due_day(referral.received, p["red_hours"], FRONT_DOOR_CLOCK)
            answers[key] = answer(level, measure=float(n), due=due, team=referral.team)
    return answers


def last_week(as_of: date) -> tuple[date, date]:
    """Return the latest Monday and Sunday between which a week ended before that day."""
    sunday = add_days(as_of, -1)
    while sunday.weekday() != 6:
        sunday = add_days(sunday, -1)
    return add_days(sunday, -6), sunday


def in_time(views: Views, kind: str, p: Params) -> tuple[int, int]:
    """Return how many children of last week's contacts or referrals were decided in time, and of how many that can be said."""
    of_contacts = kind == "contacts"
    arrived, table = (contacts(views), "ext_contact") if of_contacts else (referrals(views), "ext_referral")
    limit, known = p["contact_hours" if of_contacts else "referral_hours"], known_at(views, table)
    monday, sunday = last_week(views.as_of)
    good = late = 0
    for item in arrived.values():
        if item.received is None or item.received_on is None or not monday <= item.received_on <= sunday:
            continue
        # Of a referral each child counts, also one with no further action: the decision is what was timed.
        people = len((item.people if of_contacts else item.on_its_rows) & views.person.keys())
        hours = clock_hours(item.received, item.decided or known, "elapsed" if item.urgent else FRONT_DOOR_CLOCK)
        if hours > limit:
            late += people
        elif item.decided is not None:
            good += people
    return good, good + late


def fd_02(views: Views, p: Params) -> dict[str, Answer] | None:
    kinds = [kind for kind, table in (("contacts", "ext_contact"), ("referrals", "ext_referral")) if views.supplied(table)]
    return {kind: share_answer(*in_time(views, kind, p), p) for kind in kinds} or None


def fd_06(views: Views, p: Params) -> dict[str, Answer]:
    answers = {}
    cut, team = add_months(views.as_of, -p["months"]), front_door_team(views)
    for person in views.child:
        rows = [
            row
            for row in views.of("ssd_contacts", "cont_person_id", person)
            if views.not_later(row, "cont_contact_date") is not None
        ]
        if not rows or not views.under_18(person):
            continue
        referred = [views.not_later(row, "cine_referral_date") for row in views.of("ssd_cin_episodes", "cine_person_id", person)]
        if person in views.open_case or any(on is not None and on >= cut for on in referred):
            answers[person] = answer(None, team=team)
            continue
        dates = {
            real_date(row["cont_contact_date"])
            for row in rows
            if not flag(row.get("cont_contact_outcome_json"), "EXISTING_REFERRAL_FLAG")
        }
        n = sum(on is not None and on >= cut for on in dates)
        level = "red" if n >= p["red_contacts"] else "amber" if n >= p["amber_contacts"] else None
        answers[person] = answer(level, measure=n, team=team)
    return answers


RULES: Mapping[str, Rule] = {
    "FD-01": fd_01,
    "FD-02": fd_02,
    "FD-03": fd_03,
    "FD-04": fd_04,
    "FD-06": fd_06,
}
