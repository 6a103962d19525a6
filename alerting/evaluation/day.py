"""A day's data, read and asked: the one way from a source to an `Evaluation`.

The run, the dry run, a preview and whoever asks who would be told read a day here, so that all see the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from alerting.casedata import person_merges, trust
from alerting.casedata.directory import read_directory
from alerting.casedata.kept_directory import TEAMS
from alerting.casedata.restricted_list import RESTRICTED, put_in_force
from alerting.casedata.snapshot import Snapshot, Source, Wanted
from alerting.casedata.trust import Past, Trust
from alerting.errors import SourceError
from alerting.evaluation.allocation import INVOLVEMENTS, doubt_roles
from alerting.evaluation.data_problems import Readers, data_problems
from alerting.evaluation.evaluate import Answers, ask_rules
from alerting.evaluation.evaluation import Evaluation
from alerting.evaluation.record_moves import follow_records
from alerting.evaluation.rule_changes import AskedBefore, settle_changes
from alerting.evaluation.stage import Stage
from alerting.evaluation.team_measures import read_measures
from alerting.model import Alert, Problem
from alerting.rulebook.book import Rulebook
from alerting.rulebook.rule import Rule


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day's data, read for some rules: open while its `with` block lasts."""

    as_of: date
    snapshot: Snapshot
    #: Where the views and subjects that rules ask stand, some of them already.
    stage: Stage
    #: The tables that were read, each with the columns that the rules need of it.
    wanted: Wanted
    trust: Trust
    source: Source
    #: Why nothing at all could be read; None where something was.
    lost: SourceError | None = None

    def withheld(self, book: Rulebook, rules: Iterable[Rule]) -> dict[str, str]:
        """Return why rules, and those whose answers they read, must not be asked today; those that may be are not there.

        A doubted list of restricted records keeps no rule from being asked while it is known who is sealed, and none that is not
        about a child at all: nothing about a child is told.
        """
        return self.trust.withheld((rule.id, self._reads(book, rule)) for rule in book.in_order(tuple(rules)))

    def _reads(self, book: Rulebook, rule: Rule) -> frozenset[str]:
        reads = book.needs(rule)
        if rule.about_child and not self.trust.sealed_known:
            return reads
        return frozenset(name for name in reads if name.partition(".")[0] != RESTRICTED)


@contextmanager
def read_day(
    book: Rulebook,
    source: Source,
    rules: Sequence[Rule],
    as_of: date,
    past: Callable[[], Past],
    *,
    strict: bool = False,
    run_at: datetime | None = None,
) -> Iterator[Day]:
    """Read what rules need of the case data as at a day, and judge it.

    run_at: the moment of the run, None for the time of `ask_at` in the settings. past: what earlier runs found, asked once all is read. Where nothing can be read, no table is trusted; strict: SourceError is
    raised.
    """
    with Snapshot(as_of, book.settings, run_at) as snapshot:
        wanted, lost = book.wanted(rules), None
        try:
            snapshot.read(source, wanted)
        except SourceError as error:
            if strict:
                raise
            lost = error
            for table in wanted:
                snapshot.unreadable(table, error.problem)
            snapshot.settle(wanted, source)
        known = past()
        judged = trust.judge(snapshot, wanted, known)
        put_in_force(snapshot, judged.restricted.in_force(doubted=RESTRICTED in judged.doubted))
        stage = Stage(book, snapshot)
        judged = doubt_roles(book, snapshot, stage, wanted, judged, known)
        yield Day(as_of=as_of, snapshot=snapshot, stage=stage, wanted=wanted, trust=judged, source=source, lost=lost)


def ask(book: Rulebook, day: Day, rules: Sequence[Rule], *, watch: bool = False) -> Answers:
    """Ask rules of a day's data; those whose data is not trusted wait, those that need what is not supplied are off.

    watch: whether every rule is, to know at what they look.
    """
    asked = (*rules, *book.rules) if watch else rules
    return ask_rules(book, day.snapshot, rules, day.withheld(book, asked), day.trust, stage=day.stage, watch=watch)


def ask_all(book: Rulebook, day: Day, rules: Sequence[Rule]) -> Answers:
    """Ask rules of a day's data, those too whose data is not trusted: for whoever tries them, not to tell anybody."""
    return ask_rules(book, day.snapshot, rules, trust=day.trust, stage=day.stage)


def evaluate(book: Rulebook, day: Day, answers: Answers, live: Sequence[Alert], before: AskedBefore) -> Evaluation:
    """Return what a day's data says of the live alerts, and of whom there is none yet, as plain values.

    before: how the rules were last asked.
    """
    merges = person_merges.read(day.snapshot)
    merges_trusted = person_merges.TABLE not in day.trust.doubted
    followed = follow_records(answers, merges.survivors if merges_trusted else {}, live)
    kinds = {id_: rule.subject_kind for id_, rule in answers.rules.items()}
    # Of a rule that is about something else now, the alerts there are end, and hide nobody whom it matches.
    same_kind = [alert for alert in followed.live if kinds.get(alert.rule, alert.subject_kind) == alert.subject_kind]
    if INVOLVEMENTS in day.trust.doubted:
        answers.keep_owners(same_kind)
    elif TEAMS in day.trust.doubted:
        answers.keep_teams(same_kind)
    candidates, given_up = settle_changes(book, answers, answers.compare(same_kind), before)
    said = [said for said in (merges.problem(day.source), followed.problem) if said]
    merged = Problem(about=person_merges.TABLE, text=f"{person_merges.TABLE}: {'; '.join(said)}")
    return Evaluation(
        as_of=day.as_of,
        asked=answers.asked,
        candidates=tuple(candidates),
        readings=tuple(answers.readings()),
        given_up=given_up,
        moves=followed.moves,
        directory=read_directory(day.snapshot, day.trust),
        trust=day.trust,
        problems=(
            *data_problems(
                Readers(book, book.in_order(tuple(answers.rules.values()))),
                day.snapshot,
                day.wanted,
                day.trust,
                day.source,
                day.lost,
            ),
            *([merged] if said and merges_trusted else []),
            *answers.problems,
        ),
        watch=answers.watch,
        plan=answers.plan,
        figures=answers.figures,
        measures=read_measures(day.snapshot),
        teams=answers.teams(),
        looked_at=answers.looked_at,
        source=source_mark(day.source),
    )


def source_mark(source: Source) -> str:
    """Return a mark of where data comes from, that is another when it comes from somewhere else."""
    return hashlib.blake2b("\x1f".join(source.identity()).encode(), digest_size=12).hexdigest()
