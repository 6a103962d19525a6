"""A made council's service through weeks of whatever may happen, in any order, and what must hold after each step.

What happens is drawn by Hypothesis: runs, runs that die at a point of the delivery protocol, days that pass, visits, plans that
end, children who vanish and come back, records that are sealed or limited, people who leave, go away and are back, loads
that are half there, a relay that refuses or falls silent, and what people do.
What is true is kept here, apart from the service: it never sees the half of a load that is missing.

    I1 I2 I3 I5   alerting.audit.verify, from the store alone, of every day since the first; I2 and I5 once more from what is true here:
                  whoever counts as told has the message, each alert's own manager is among those it is for; nor does an alert
                  begin that is not
    I4            a message that may have arrived comes again under its id alone, and says that it may be a repeat
    I7            nobody has a word of a child of another team, of a sealed one, of a limited one whom it does not name, nor after they have
                  left; and administrators of none: by the council's tables as they were loaded last, when each message arrives
    I8            the same day again changes nothing and sends nothing
"""

from __future__ import annotations

import csv
import re
import shutil
import tempfile
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from alerting.alerts.matcher import Matcher
from alerting.app import App, build
from alerting.audit import verify
from alerting.config import Handling
from alerting.errors import HandlingError
from alerting.model import Alert, Condition, Message, Reason
from alerting.notifications import silences
from alerting.notifications.fallback import PASSED_ON
from alerting.notifications.recipient_log import EVERYBODY
from alerting.notifications.report import Report
from alerting.notifications.silences import Impact, SilenceRequest
from alerting.runs.pipeline import Pipeline
from alerting.store import newest_directory, schema
from alerting.store.alert_actions import AlertActions
from alerting.store.job_leases import JobLeases, this_process
from alerting.store.store import Store
from alerting.working_days import add_working_days, working_days_between
from tests.crashes import PER_MESSAGE, POINTS, TWICE
from tests.dying import IN_PROCESS, KilledError, dying
from tests.made_council import MONDAY, MadeCouncil, somebody
from tests.moods import Receiver
from tests.office import Office
from tests.owed import address, answers, limited_to, reads_for, sealed

NO_HOLIDAYS: frozenset[date] = frozenset()
AMBER_FROM = 8
"""Working days without a visit from which the shipped rule tells."""
TEAMS = {"T1": ("M1", "W1"), "T2": ("M2", "W2")}
LOADED = ("ssd_person", "ssd_cp_plans", "ssd_cp_visits", "ssd_involvements", "ext_staff", "ext_restricted", "ext_cover")
STAFF = ("M1", "M2", "S1", "H1", "P1", "Q1", "W1", "W2")
LEAVERS = ("M2", "W1")
"""Who may leave, and come back: there is somebody above them."""
CHILD = re.compile(r"\bP?(C\d+)\b")
WAITING = ("planned", "claimed", "deferred")
MadeTables = dict[str, list[dict[str, str]]]


class Life(RuleBasedStateMachine):
    """One council, from its first day on."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="life"))
        office = Office(self.folder)
        office.rules_of_its_own("practice/cp-visit-overdue.yaml")
        self.council: MadeCouncil = office.council
        self.council.on_a_plan("C3", seen=MONDAY - timedelta(days=40), team="T2", worker="W2")
        self.children, self.plans = 3, {"C1", "C2", "C3"}
        self.teams_of: dict[str, set[str]] = {"C1": {"T1"}, "C2": {"T1"}, "C3": {"T2"}}
        self.vanished: dict[str, dict[str, list[dict[str, str]]]] = {}
        self.relay = Receiver(seen=self._it_is_for_its_reader)
        self.misdirected: list[str] = []
        self.day, self.minutes, self.lives = MONDAY, 0, 0
        self.half: tuple[str, float] | None = None
        self.crashes, self.quiet = 0, False
        self.closed: set[str] = set()
        self.restricted: set[str] = set()
        self.council.write()
        #: What the service has read of who is who: the newest first, and what may have served since part of that was away.
        self.known: list[MadeTables] = [deepcopy(self.council.tables)]
        self.known_on = MONDAY
        config = self.council.configure("sqlite:///alerting.db", keep={"days": 0})
        self.app: App = build(config)
        self.open()

    def open(self) -> None:
        """Begin another life of the service: a new process, as far as the store can tell."""
        self.lives += 1
        self.store: Store = self.app.store()
        host, _, rest = this_process().partition(":")
        # No system gives so high an id to a process, so once this life is over its owner is known to be dead.
        owner = f"{host}:{50_000_000 + self.lives}:{rest.partition(':')[2]}"
        app = replace(self.app, notifiers={"mail": self.relay})
        pipeline: Pipeline = app.pipeline(self.store)
        self.pipeline = replace(pipeline, sender=replace(pipeline.sender, owner=owner))

    def teardown(self) -> None:
        try:
            self._in_the_end_everybody_is_told()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    # ------------------------------------------------------------------ what the service does

    def now(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 7, tzinfo=UTC) + timedelta(minutes=self.minutes)

    def load(self) -> None:
        """Write the night's extracts, with how many rows there should be; of one table a part, where that load is half there."""
        counts = {name: len(rows) for name, rows in self.council.tables.items()}
        whole = None
        if self.half:
            name, share = self.half
            whole = self.council.tables[name]
            self.council.tables[name] = whole[: int(len(whole) * share)]
        extracts = self.council.write()
        self._is_known(*self.half[:1] if self.half else ())
        if self.half and whole is not None:
            self.council.tables[self.half[0]] = whole
        with (extracts / "ext_load.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["table_name", "loaded_at", "row_count"])
            writer.writerows([name, f"{self.day}T05:00:00", count] for name, count in counts.items())

    def _is_known(self, *half: str) -> None:
        """Note what the service reads: of a table that is half there what it read before, and then of the whole directory perhaps."""
        newest = deepcopy({name: rows for name, rows in self.council.tables.items() if name not in half})
        newest |= {name: self.known[0][name] for name in half}
        before = [{**tables, "ext_restricted": newest["ext_restricted"]} for tables in self.known]
        self.known = [newest, *(before if set(half) & {"ext_staff", "ext_cover"} else [])]
        self.known_on = self.day

    def ran(self) -> Report:
        self.load()
        self.minutes += 1
        transitions = self._last(schema.transition)
        report = self.pipeline.run("daily", self.day, self.now)
        self._began_and_ended_for_a_reason(transitions)
        self._everybody_was_thought_of()
        self.quiet = self.relay.mode == "well"
        return report

    @rule()
    def run(self) -> None:
        self.ran()

    @precondition(lambda self: self.quiet)
    @rule()
    def run_the_same_day_again(self) -> None:
        before, sent = self._last(schema.transition), len(self.relay.taken)
        report = self.ran()
        assert self._last(schema.transition) == before, "I8: nothing has changed"
        assert len(self.relay.taken) == sent, "I8: nothing is sent"
        assert report.sending.messages.planned == 0, "I8: nothing is planned"

    @rule(point=st.sampled_from(IN_PROCESS), nth=st.integers(1, 4))
    def run_and_die(self, point: str, nth: int) -> None:
        """Run until a point is reached, if it is, and begin a new life."""
        known, directory = (self.known, self.known_on), self._newest_directory()
        self.load()
        self.minutes += 1
        nth = nth if point in PER_MESSAGE else min(nth, 2) if point in TWICE else 1
        before = self._last(schema.transition)
        try:
            with dying(POINTS[point], nth):
                self.pipeline.run("daily", self.day, self.now)
        except KilledError:
            self.crashes += 1
            if self._newest_directory() == directory:
                self.known, self.known_on = known
        self.quiet = False
        self.store.close()
        self.open()
        self._began_and_ended_for_a_reason(before)

    @rule()
    def send_what_waits(self) -> None:
        self.minutes += 40
        self.pipeline.sender.send_all(self.now)

    @rule(days=st.integers(1, 4))
    def a_working_day_passes(self, days: int) -> None:
        """Go to a later day; those between without a run, and one that was begun and not ended, are recorded as missed."""
        after = add_working_days(self.day, days, NO_HOLIDAYS)
        leases = JobLeases(self.store)
        between = [self.day + timedelta(days=n) for n in range((after - self.day).days)]
        done = {on for on in between if (found := leases.find("daily", on)) and found.state.startswith("done")}
        leases.miss("daily", [on for on in between if on.weekday() < 5 and on not in done], "the service was off")
        self.day, self.minutes, self.quiet = after, 0, False

    # ------------------------------------------------------------------ what happens in the council

    @precondition(lambda self: self.plans)
    @rule(data=st.data(), ago=st.integers(0, 12))
    def a_visit_is_recorded(self, data: st.DataObject, ago: int) -> None:
        self._changed()
        self.council.visited(data.draw(st.sampled_from(sorted(self.plans))), self.day - timedelta(days=ago))

    @precondition(lambda self: self.plans)
    @rule(data=st.data())
    def a_plan_ends(self, data: st.DataObject) -> None:
        self._changed()
        child = data.draw(st.sampled_from(sorted(self.plans)))
        self.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_end_date"] = self.day.isoformat()
        self.plans.discard(child)

    @precondition(lambda self: self.children < 12)
    @rule(team=st.sampled_from(sorted(TEAMS)), ago=st.integers(0, 40))
    def a_plan_begins(self, team: str, ago: int) -> None:
        self._changed()
        self.children += 1
        child = f"C{self.children}"
        self.council.on_a_plan(child, seen=self.day - timedelta(days=ago), team=team, worker=TEAMS[team][1])
        self.plans.add(child)
        self.teams_of[child] = {team}

    @precondition(lambda self: self.plans)
    @rule(data=st.data(), team=st.sampled_from(sorted(TEAMS)))
    def a_child_moves(self, data: st.DataObject, team: str) -> None:
        self._changed()
        child = data.draw(st.sampled_from(sorted(self.plans)))
        row = self.council.row("ssd_involvements", invo_person_id=child)
        row |= {"invo_professional_team": team, "invo_professional_id": TEAMS[team][1]}
        self.teams_of[child].add(team)

    @precondition(lambda self: self.plans - self.restricted)
    @rule(data=st.data())
    def a_child_vanishes_from_the_data(self, data: st.DataObject) -> None:
        self._changed()
        child = data.draw(st.sampled_from(sorted(self.plans - self.restricted)))
        taken: dict[str, list[dict[str, str]]] = {}
        for table, rows in self.council.tables.items():
            taken[table] = [row for row in rows if child in row.values()]
            self.council.tables[table] = [row for row in rows if child not in row.values()]
        self.vanished[child] = taken
        self.plans.discard(child)

    @precondition(lambda self: self.vanished)
    @rule()
    def the_vanished_come_back(self) -> None:
        self._changed()
        for child, taken in self.vanished.items():
            for table, rows in taken.items():
                self.council.tables[table] += rows
            self.plans.add(child)
        self.vanished.clear()

    @rule(table=st.sampled_from(LOADED), share=st.sampled_from([0.0, 0.3, 0.7]))
    def a_table_is_loaded_by_half_and_the_day_is_run(self, table: str, share: float) -> None:
        self.half = (table, share)
        self.ran()

    @precondition(lambda self: self.half)
    @rule()
    def the_load_is_put_right(self) -> None:
        self._changed()
        self.half = None

    @rule(mode=st.sampled_from(["well", "down", "later", "silent", "deaf"]))
    def the_relay_is(self, mode: str) -> None:
        self._changed()
        self.relay.mode = mode

    @rule(address=st.sampled_from([None, "m1@example.gov.uk", "w2@example.gov.uk"]))
    def the_relay_refuses_a_mailbox(self, address: str | None) -> None:
        self._changed()
        self.relay.refuses = address

    # ------------------------------------------------------------------ who may know of whom

    @precondition(lambda self: self.plans)
    @rule(
        data=st.data(), level=st.sampled_from(["sealed", "limited", "limited"]), names=st.sets(st.sampled_from(STAFF), max_size=3)
    )
    def a_record_is_restricted(self, data: st.DataObject, level: str, names: set[str]) -> None:
        self._changed()
        child = data.draw(st.sampled_from(sorted(self.plans)))
        self.council.remove("ext_restricted", person_id=child)
        self.council.add("ext_restricted", person_id=child, level=level, allowed_recipients="; ".join(sorted(names)))
        self.restricted.add(child)

    @rule(worker=st.sampled_from(STAFF[:6]), by=st.sampled_from([*STAFF, None]), days=st.integers(0, 9))
    def somebody_is_away(self, worker: str, by: str | None, days: int) -> None:
        self._changed()
        self.council.remove("ext_cover", staff_id=worker)
        until = (self.day + timedelta(days=days)).isoformat()
        self.council.add("ext_cover", staff_id=worker, covered_by=by or "", from_date=self.day.isoformat(), to_date=until)

    @rule(worker=st.sampled_from(LEAVERS), back=st.booleans())
    def somebody_leaves_or_is_back(self, worker: str, back: bool) -> None:
        self._changed()
        self.council.row("ext_staff", worker_id=worker)["ends_on"] = "" if back else (self.day - timedelta(days=1)).isoformat()

    # ------------------------------------------------------------------ what people do

    @precondition(lambda self: self._open())
    @rule(
        data=st.data(),
        what=st.sampled_from(["acknowledge", "snooze", "recorded", "data_error", "not_useful", "close", "silence"]),
    )
    def somebody_does_something_about_an_alert(self, data: st.DataObject, what: str) -> None:
        self._changed()
        alert = data.draw(st.sampled_from(self._open()))
        with self.store.transaction() as connection:
            later = partial(add_working_days, holidays=NO_HOLIDAYS)
            at = {"now": self.now(), "today": self.day, "limits": Handling(), "add": later}
            desk = AlertActions(store=self.store, connection=connection, by=somebody("M1"), **at)
            until = later(self.day, 2)
            try:
                match what:
                    case "acknowledge":
                        desk.acknowledge(alert)
                    case "snooze":
                        desk.snooze(alert, until=until, reason="visit booked")
                    case "recorded":
                        desk.recorded(alert)
                    case "data_error":
                        desk.data_error(alert, note="the date is wrong")
                    case "not_useful":
                        desk.not_useful(alert, reason="other")
                    case "close":
                        desk.close(alert, reason="data error", note="two records of one child", until=until)
                        self.closed.add(alert.subject.removeprefix("P"))
                    case _:
                        who = {"by": somebody("M1"), "approved_by": somebody("S1"), "begins": self.day, "until": until}
                        wish = SilenceRequest(matcher=Matcher(team=(alert.team or "T1",)), reason="migration", **who)
                        found = Impact(alerts=[alert], open=1, levels={}, people=[], teams=[])
                        silences.add(connection, wish, found, Handling(), self.now())
            except HandlingError:
                return

    # ------------------------------------------------------------------ what must hold

    @invariant()
    def each_message_comes_once_or_says_that_it_may_be_a_repeat(self) -> None:
        """I4."""
        seen: Counter[str] = Counter()
        for message in self.relay.taken:
            assert not seen[message.message_id] or message.repeated, "I4: a second copy says so"
            seen[message.message_id] += 1
        for id_, copies in seen.items():
            assert copies <= 1 + self.crashes + self.relay.in_doubt[id_], "I4: one more a crash, or an answer that never came"

    @invariant()
    def nobody_has_a_word_of_a_child_they_may_not_know(self) -> None:
        """I7."""
        assert self.misdirected == [], f"I7: {self.misdirected}"

    def _it_is_for_its_reader(self, message: Message) -> None:
        """Note whatever a message that arrives has of a child whom its reader may not know, by what was loaded last."""
        for child in sorted({found[1] for found in CHILD.finditer(message.text + message.html + message.subject)}):
            if message.to_address not in self._may_know(child):
                self.misdirected.append(f"{message.purpose} to {message.to_address} names {child} on {self.day}")

    @invariant()
    def the_store_keeps_its_promises(self) -> None:
        """I1 to I3 and I5, of all days that are over, and of today where its run has come to its end."""
        occurrence = JobLeases(self.store).find("daily", self.day)
        ended = occurrence is not None and occurrence.state in ("done", "done_with_faults")
        until = self.day if ended else self.day - timedelta(days=1)
        with self.store.transaction() as connection:
            found = verify.verify(connection, MONDAY, until, self.now())
        assert found.not_shown == ()
        # What a run that died left to be told, sent or given up is for the next: I2 and I3 are proved of a day that has ended.
        # That the relay took nothing on some days is a breach of those days, and no fault of the service.
        unproved = {verify.ARRIVED} if ended else {verify.ARRIVED, "I2", "I3"}
        breaches = [str(breach) for breach in found.breaches if breach.promise not in unproved]
        assert breaches == []

    def _began_and_ended_for_a_reason(self, after: int) -> None:
        """I5 and its other half, by what is true and not by what was loaded: no alert ends, and none begins, without proof."""
        table = schema.transition
        query = sa.select(table, schema.alert.c.subject).join(schema.alert, schema.alert.c.id == table.c.alert_id)
        with self.store.transaction() as connection:
            rows = connection.execute(query.where(table.c.id > after, table.c.by == "service")).all()
        for row in rows:
            child = row.subject.removeprefix("P")
            if sealed(self.council.tables, child):
                assert row.before not in (None, "resolved"), f"{child} is alerted, and sealed"
                continue
            on_a_plan = child in self.plans or child in self.vanished
            if row.before in (None, "resolved"):
                assert child in self.plans, f"{child} is alerted, and not on a plan"
                assert self._unseen(child) >= AMBER_FROM, f"{child} is alerted, and was seen"
            elif row.after == "resolved" and row.reason == Reason.cleared:
                assert child in self.plans, f"I5: {child} cleared, and is not on a plan"
                assert self._unseen(child) < AMBER_FROM, f"I5: {child} cleared, and was not seen"
            elif row.after == "resolved":
                assert row.reason == Reason.left, f"I5: {child} ended as {row.reason}"
                assert not on_a_plan, f"I5: {child} left, and is on a plan or only missing"

    @invariant()
    def whoever_counts_as_told_has_the_message(self) -> None:
        """I2, by what has arrived and not by what the store has of it."""
        has: dict[str, set[str]] = {}
        for message in self.relay.taken:
            children = {found[1] for found in CHILD.finditer(message.text + message.html)}
            has.setdefault(message.to_address or "", set()).update(children)
        table = schema.told
        query = sa.select(table, schema.alert.c.subject).join(schema.alert, schema.alert.c.id == table.c.alert_id)
        with self.store.transaction() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            child, their_own = row.subject.removeprefix("P"), f"{row.recipient.lower()}@example.gov.uk"
            anybody = has if row.condition == PASSED_ON else {their_own}
            assert any(child in has.get(address, ()) for address in anybody), f"I2: {row.recipient} counts as told of {child}"

    def _everybody_was_thought_of(self) -> None:
        """I2: whoever answers today for the team of a firing alert is among those whom the run has it for; of a limited record who may."""
        if self.half:
            return
        table = schema.routed
        with self.store.transaction() as connection:
            rows = connection.execute(sa.select(table).where(table.c.until.is_(None))).all()
        people: dict[int, set[str]] = {}
        for row in rows:
            people.setdefault(row.alert_id, set()).add(row.recipient)
        for alert in self._open():
            child, tables = alert.subject.removeprefix("P"), self.known[0]
            if alert.condition != Condition.firing or alert.team not in TEAMS or child not in self.plans or sealed(tables, child):
                continue
            allowed, manager = limited_to(tables, child), answers(tables, child, 0, self.day)
            may = {person for person in allowed or () if address(tables, person, self.day)} if allowed is not None else {manager}
            assert not may or people[alert.id or 0] & {*may, EVERYBODY}, f"I2: {alert.subject} is for none of {may}"

    def _in_the_end_everybody_is_told(self) -> None:
        """Nothing is lost: once all is well again, whoever was not seen has an alert that was told, or was closed by somebody."""
        self.relay.mode, self.relay.refuses, self.half = "well", None, None
        self.a_working_day_passes(1)
        self.run()
        self.send_what_waits()
        self.the_store_keeps_its_promises()
        self.each_message_comes_once_or_says_that_it_may_be_a_repeat()
        self.nobody_has_a_word_of_a_child_they_may_not_know()
        self.whoever_counts_as_told_has_the_message()
        with self.store.transaction() as connection:
            waiting = connection.execute(sa.select(schema.outbox).where(schema.outbox.c.state.in_(WAITING))).all()
        assert [(row.purpose, row.recipient, row.state, row.answer) for row in waiting] == [], "nothing waits when all is well"
        has_alert = {alert.subject.removeprefix("P") for alert in self._open() if alert.condition == Condition.firing}
        unseen = {child for child in self.plans if self._unseen(child) >= AMBER_FROM and not sealed(self.council.tables, child)}
        assert unseen - self.closed <= has_alert, "nobody is forgotten"
        assert has_alert <= unseen, "and nobody is alerted of who was seen"

    # ------------------------------------------------------------------ within

    def _changed(self) -> None:
        self.quiet = False

    def _unseen(self, child: str) -> int:
        seen = [
            date.fromisoformat(row["cppv_cp_visit_date"])
            for row in self.council.tables["ssd_cp_visits"]
            if row["cppv_person_id"] == child
        ]
        begun = date.fromisoformat(self.council.row("ssd_cp_plans", cppl_person_id=child)["cppl_cp_plan_start_date"])
        return working_days_between(max([begun, *seen]), self.day, NO_HOLIDAYS)

    def _may_know(self, child: str) -> set[str]:
        """Return the addresses of those who may read of a child today, by the tables that were loaded last.

        They are the people of each team that the child has been with, whoever reads for them while they are away, and the performance
        team, which answers for what has no team, as where nothing is loaded that says whose a child is. Of a limited record they
        are those whom it names; of a sealed one nobody.
        """
        newest = self.known[0]
        if sealed(newest, child):
            return set()
        allowed = limited_to(newest, child)
        line = {"S1", "H1", "P1"} | {person for team in self.teams_of[child] for person in TEAMS[team]}
        found: set[str] = set()
        for tables in self.known:
            people = line | {reader for person in line if (reader := reads_for(tables, person, self.known_on))}
            found |= {address(tables, person, self.known_on) or "" for person in (people if allowed is None else allowed)}
        return found - {""}

    def _open(self) -> list[Alert]:
        return self.store.live()

    def _newest_directory(self) -> int | None:
        with self.store.transaction() as connection:
            return newest_directory.since(connection)

    def _last(self, table: sa.Table) -> int:
        with self.store.transaction() as connection:
            return connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
