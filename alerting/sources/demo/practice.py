"""What a council keeps beside its case system: times at the front door, supervision, oversight, audits, the plan, posts.

Teams are managed with uneven care, which decides how late things are and how audits grade. Each part has a stream of chances of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from alerting.sources.demo.books import Books
from alerting.sources.demo.details import day_of, first_known, periods_of_care
from alerting.sources.demo.plan_actions import ACTIONS
from alerting.sources.demo.staff import CASES, Staff, Team, Worker

_RECENT_DAYS = 150
"""So many days before the first day that can be asked about, what is kept beside the case system begins."""
_MONTHS = 17
_STRATEGY_IN_A_RISE = 0.08
"""Of contacts while they rise, that lead to a strategy discussion and to no enquiry."""
_DAY, _OPENS, _LATE_IN_THE_DAY, _CLOSES = 24 * 60, 8 * 60, 15 * 60, 17 * 60 + 30
_IN_TIME = 0.92
"""Of contacts with a large council, decided within 24 hours for certain; of the others, by chance. At a small one few come in a day,
and nobody would see one that is late."""
_AUDITS_LATE, _SERVICE_LEFT = 2, "assessment"
"""Audits of a month at a council of 3,000 that come back weeks late, and the service that most leave."""
_LEFT_EVERY_MONTHS = 10
_GRADES = ("Outstanding", "Good", "Requires improvement", "Inadequate")
_SUPERVISED = ("social_worker", "senior_social_worker", "lead_practitioner", "personal_adviser", "team_manager")


@dataclass(frozen=True)
class _Case:
    """A case somebody has, from one day until another."""

    person: str
    worker: str
    team: str
    starts: int
    ends: int


class Practice:
    """Writes the council's own tables about what it does, once everybody's life is written."""

    def __init__(self, books: Books, staff: Staff) -> None:
        self._books = books
        self._teams = {team.id: team for teams in staff.teams.values() for team in teams}
        self._case_teams = [team for team in self._teams.values() if team.service in CASES or team.service == "front_door"]
        chance = books.chances("care of teams")
        #: How late a team's manager is with everything, 1 being as agreed.
        self._late = {team: 0.78 + 0.55 * chance.random() ** 2.2 for team in self._teams}
        self._workers = [worker for worker in staff.workers if worker.team and worker.role in _SUPERVISED]
        self._from = books.earliest - _RECENT_DAYS
        self._known = first_known(books)
        self._cases = self._open_cases()

    def write(self) -> None:
        """Write every table."""
        parts = (self._contacts, self._referrals, self._strategy, self._supervision, self._oversight, self._audits, self._plan)
        for write in (*parts, self._workforce, self._vacancies, self._education):
            write(self._books.chances(write.__name__))

    # ------------------------------------------------------------------ the front door

    def _contacts(self, chance: Random) -> None:
        quick, in_time = self._books.chances("contacts decided in time"), _IN_TIME if self._books.large else 0
        ledger, teams = self._books.ledgers["ext_contact"], [team for team in self._case_teams if team.service == "front_door"]
        for _, shown, row in self._books.ledgers["ssd_contacts"].rows():
            day = day_of(row["cont_contact_date"])
            if day >= self._books.earliest - 60:
                rag = chance.choices(("red", "amber", "green", None), (4, 28, 60, 8))[0]
                team = chance.choice(teams).id if chance.random() < 0.5 else None
                place = ledger.add(max(shown, day + 1), (row["cont_contact_id"], self._at(day, chance), None, rag, team))
                days = chance.choices((1, 2, 3, 5), (84, 11, 3, 2))[0]
                # What is urgent is seen the next morning, whatever day that is.
                decided = day + 1 if rag == "red" and chance.random() < 0.85 else self._books.days.after(day, days)
                if quick.random() < in_time:
                    decided, minutes = self._in_time(day, ledger.row(place)[1][1] or "", urgent=rag == "red", chance=quick)
                    self._enter("ext_contact", place, "decision_at", decided, minutes)
                else:
                    self._happen("ext_contact", place, "decision_at", decided, chance)

    def _referrals(self, chance: Random) -> None:
        ledger = self._books.ledgers["ext_referral"]
        for _, shown, row in self._books.ledgers["ssd_cin_episodes"].rows():
            day = day_of(row["cine_referral_date"])
            if day >= self._books.earliest - 60:
                place = ledger.add(
                    max(shown, day + 1), (row["cine_referral_id"], row["cine_referral_team"], self._at(day, chance), None)
                )
                days = chance.choices((1, 2, 3, 4, 6), (30, 45, 16, 6, 3))[0]
                self._happen("ext_referral", place, "completed_at", self._books.days.after(day, days), chance)

    def _in_time(self, day: int, received: str, *, urgent: bool, chance: Random) -> tuple[int, int]:
        """Return when a contact of a day is decided within 24 hours: the day, and the minutes from its midnight.

        What is not urgent is decided in the hours of the office, and its hours are those of working days.
        """
        came = int(received[11:13]) * 60 + int(received[14:16]) if len(received) > len("2026-03-02") else _OPENS
        if urgent:
            later = came + 60 + int(chance.random() * 1200)
            return day + later // _DAY, later % _DAY
        opens, closes, on = _OPENS, _CLOSES, self._books.days.working(day)
        if on == day and (came < _OPENS + 60 or (came < _LATE_IN_THE_DAY and chance.random() < 0.6)):
            opens = max(came, _OPENS) + 15
        elif on == day:
            closes, on = min(came, _CLOSES), self._books.days.after(day, 1)
        return on, opens + int(chance.random() * (closes - opens))

    def _at(self, day: int, chance: Random) -> str:
        """Return a moment of a day: mostly in the hours of the office, some in the evening or at night, a few without their time."""
        if chance.random() < 0.03:
            return self._books.days.text(day)
        hour = 8 + int(chance.random() * 10) if chance.random() < 0.86 else int(chance.random() * 24)
        return f"{self._books.days.text(day)} {hour:02d}:{int(chance.random() * 60):02d}"

    def _happen(self, table: str, place: int, column: str, day: int, chance: Random) -> None:
        """Enter the moment at which something was done in the hours of a day, from the next morning on."""
        if day < self._books.last:
            hour = 8 + int(chance.random() ** 2 * 10)
            self._enter(table, place, column, day, hour * 60 + int(chance.random() * 60))

    def _enter(self, table: str, place: int, column: str, day: int, minutes: int) -> None:
        if day < self._books.last:
            at = f"{self._books.days.text(day)} {minutes // 60:02d}:{minutes % 60:02d}"
            self._books.ledgers[table].change(day + 1, place, column, at)

    def _strategy(self, chance: Random) -> None:
        books, ledger, named = self._books, self._books.ledgers["ext_strategy"], dict[tuple[str, str], str]()
        for _, shown, row in books.ledgers["ssd_s47_enquiry"].rows():
            day = day_of(row["s47e_s47_start_date"])
            if day < books.contacts_since:
                continue
            identifier = named.setdefault((str(row["s47e_referral_id"]), str(day)), f"SD{len(named) + 1}")
            cells = (identifier, row["s47e_person_id"], books.days.text(day), row["s47e_s47_enquiry_id"])
            ledger.add(max(shown, day + 1), cells)
            if chance.random() < 0.35:
                before = day - 10 - int(chance.random() * 200)
                ledger.add(
                    max(self._known[row["s47e_person_id"]], before + 1),
                    (f"{identifier}A", row["s47e_person_id"], books.days.text(before), None),
                )

        chance = books.chances("strategy in the rise")
        for _, shown, row in books.ledgers["ssd_contacts"].rows():
            day = day_of(row["cont_contact_date"])
            if books.rise(day) and chance.random() < _STRATEGY_IN_A_RISE:
                cells = (f"SD{row['cont_contact_id']}", row["cont_person_id"], books.days.text(day + 1), None)
                ledger.add(max(shown, day + 2), cells)

    # ------------------------------------------------------------------ management

    def _open_cases(self) -> list[_Case]:
        found = []
        for _, _, row in self._books.ledgers["ssd_involvements"].rows():
            role, worker, starts = (
                row["invo_professional_role_id"] or "",
                row["invo_professional_id"],
                row["invo_involvement_start_date"],
            )
            ended = row["invo_involvement_end_date"]
            ends = day_of(ended) if ended and not ended.startswith("9999") else self._books.last + 1
            if worker and starts and ends > self._from and role.strip().upper() != "IRO":
                team = row["invo_professional_team"]
                found.append(_Case(str(row["invo_person_id"]), worker, team or "", day_of(starts), ends))
        return found

    def _supervision(self, chance: Random) -> None:
        ledger = self._books.ledgers["ext_supervision"]
        for worker in self._workers:
            every = (19 if worker.asye else 29) * self._late_of(worker.team)
            for day in self._days(max(worker.starts, self._from), min(worker.ends, self._books.last), every, chance):
                ledger.add(day + 1, ("staff", worker.id, None, self._over(worker), self._books.days.text(day)))
        for case in self._cases:
            every = 52 * self._late.get(case.team, 1.0)
            for day in self._days(max(case.starts, self._from), min(case.ends, self._books.last), every, chance):
                team = self._teams.get(case.team)
                by = team.manager.id if team and team.manager else None
                ledger.add(
                    max(self._known[case.person], day + 1), ("case", case.worker, case.person, by, self._books.days.text(day))
                )

    def _oversight(self, chance: Random) -> None:
        ledger = self._books.ledgers["ext_oversight"]
        for case in self._cases:
            team = self._teams.get(case.team)
            by = team.manager.id if team and team.manager else None
            every = 27 * self._late.get(case.team, 1.0)
            for day in self._days(max(case.starts, self._from), min(case.ends, self._books.last), every, chance):
                ledger.add(max(self._known[case.person], day + 1), (case.person, by, self._books.days.text(day)))

    def _days(self, first: int, last: int, every: float, chance: Random) -> list[int]:
        """Return the working days, every so many days give or take a quarter, on which something is done."""
        days, day = list[int](), first + int(every * chance.random())
        while day < last:
            days.append(self._books.days.working(day))
            day += max(5, int(every * (0.75 + 0.5 * chance.random())))
        return [day for day in days if day <= last]

    def _over(self, worker: Worker) -> str | None:
        team = worker.team
        over = team.service_manager if team and team.manager is worker else team.manager if team else None
        return over.id if over else None

    def _late_of(self, team: Team | None) -> float:
        return self._late[team.id] if team else 1.0

    # ------------------------------------------------------------------ audits and the plan

    def _audits(self, chance: Random) -> None:
        month, number, away = date.fromordinal(self._from).replace(day=1), 0, self._books.chances("auditors away")
        cases = [case for case in self._cases if case.team in self._teams and case.starts < self._books.earliest]
        managers = [team.manager for team in self._case_teams if team.manager]
        while month.toordinal() < self._books.last and cases:
            late = round(_AUDITS_LATE * self._books.scale) if self._books.large else 0
            for place, case in enumerate(chance.sample(cases, min(len(cases), max(6, round(46 * self._books.scale))))):
                number += 1
                kind = "dip_sample" if chance.random() < 0.3 else "audit"
                days_late = 20 + int(away.random() * 60) if place < late else 0
                auditor = chance.choice(managers).id
                self._audit(f"A{number:05d}", kind, case, month.toordinal(), auditor, chance, days_late=days_late)
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)

    def _audit(
        self,
        identifier: str,
        kind: str,
        case: _Case,
        asked: int,
        auditor: str,
        chance: Random,
        again: str | None = None,
        days_late: int = 0,
    ) -> None:
        books, ledger = self._books, self._books.ledgers["ext_audit"]
        due = books.days.working(asked + 18)
        cells = (identifier, kind, case.person, case.team, auditor, books.days.text(due), None, None, again, None, None, None)
        place = ledger.add(max(self._known[case.person], asked + 1), cells)
        done = due - 8 + int(chance.random() * 9) if chance.random() < 0.82 else due + int(chance.expovariate(1 / 9))
        done = max(done, due + days_late) if days_late else done
        if done >= books.last:
            return
        late = self._late.get(case.team, 1.0)
        grade = chance.choices(_GRADES, (5, 46 / late**2, 38, 9 * late**3))[0]
        actions = books.days.working(done, 5) if grade == "Inadequate" else done + 28
        found = {"audited_on": books.days.text(done), "grade": grade, "actions_due_on": books.days.text(actions)}
        if grade == "Inadequate":
            found["reaudit_due_on"] = books.days.text(done + 60)
            if again is None and chance.random() < 0.75:
                self._audit(
                    f"{identifier}R", "re_audit", case, done + 25 + int(chance.random() * 20), auditor, chance, identifier
                )
        for column, cell in found.items():
            ledger.change(done + 1, place, column, cell)
        finished = actions - 4 + int(chance.random() * 5) if chance.random() < 0.85 else actions + int(chance.expovariate(1 / 14))
        if finished < books.last and grade != "Outstanding":
            ledger.change(max(finished, done) + 1, place, "actions_done_on", books.days.text(finished))

    def _plan(self, chance: Random) -> None:
        books, ledger = self._books, self._books.ledgers["ext_plan_action"]
        owners = [team.service_manager for team in self._case_teams if team.service_manager]
        for ref, title, evidence in ACTIONS:
            rag = chance.choices(("Green", "Amber", "Red", "Blue"), (48, 34, 9, 9))[0]
            day = self._from + int(chance.random() * 30)
            owner = chance.choice(owners).id if owners else None
            cells = [ref, title, owner, rag, rag, books.days.text(day), books.days.text(day + 120), None, evidence]
            place = ledger.add(day + 1, cells)
            every = 26 if chance.random() < 0.85 else 60
            while (day := day + int(every * (0.7 + 0.5 * chance.random()))) < books.last:
                again = chance.choices((rag, "Green", "Amber", "Red"), (78, 12, 8, 2))[0]
                changed = {"updated_on": books.days.text(day), "previous_rag": rag, "rag": again}
                changed["evidence_due_on"] = books.days.text(day + 90)
                for column, cell in changed.items():
                    ledger.change(day + 1, place, column, cell)
                rag = again

    # ------------------------------------------------------------------ posts and schools

    def _workforce(self, chance: Random) -> None:
        books, ledger = self._books, self._books.ledgers["ext_workforce"]
        first = date.fromordinal(books.earliest)
        for team in self._case_teams:
            months = [first.year * 12 + first.month - 1 - _MONTHS + number for number in range(_MONTHS + 8)]
            posts = sum(worker.fte for worker in team.workers)
            empty = posts * 0.09 * self._late[team.id]
            for month in months:
                day = date(month // 12, month % 12 + 1, 28).toordinal()
                if day + 9 > books.last:
                    break
                vacant = max(0.0, empty + chance.gauss(0, 0.35))
                agency = sum(worker.fte for worker in team.workers if worker.agency) + (0.5 if chance.random() < 0.2 else 0)
                left = chance.choices((0, 0.8, 1, 2), (93.6, 2.6, 3.4, 0.4))[0]
                if books.large and team.service == _SERVICE_LEFT:
                    left = int((month + int(team.id[-2:]) * 3) % _LEFT_EVERY_MONTHS == 0)
                figures = (max(0.5, posts - vacant - agency), vacant, agency, left)
                ledger.add(day + 9, (team.id, books.days.text(day), *(f"{figure:.1f}" for figure in figures)))

    def _vacancies(self, chance: Random) -> None:
        books, ledger = self._books, self._books.ledgers["ext_vacancy"]
        roles = ("social_worker",) * 7 + ("senior_social_worker",) * 2 + ("team_manager",)
        for number in range(max(12, round(70 * books.scale))):
            starts = self._from - 60 + int(chance.random() * (books.last - self._from + 40))
            cells = (f"V{number + 1:04d}", chance.choice(self._case_teams).id, chance.choice(roles), books.days.text(starts))
            place, day = ledger.add(starts + 2, cells), starts
            for column, wait in (("advertised_on", 16), ("offered_on", 38), ("filled_on", 35)):
                day = books.days.working(day + int(chance.expovariate(1 / wait)))
                if day >= books.last or chance.random() < 0.04:
                    break
                ledger.change(day + 1, place, column, books.days.text(day))

    def _education(self, chance: Random) -> None:
        books, ledger = self._books, self._books.ledgers["ext_pep"]
        for person, entered, left in periods_of_care(books):
            day = entered + 12 + int(chance.random() * 22)
            while day < min(left, books.last):
                if day > books.earliest - 300 and chance.random() < 0.94:
                    ledger.add(
                        max(self._known[person], books.days.working(day) + 1), (person, books.days.text(books.days.working(day)))
                    )
                day += 95 + int(chance.random() * 50)
