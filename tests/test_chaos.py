"""The proof that nothing is lost, doubled or misdirected by a kill is one that fails: each of many planted bugs is seen by it.

`bench/chaos.py` kills more often, and on either database. What is judged quickly here are mails made up in a test.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bench.chaos import show
from tests.chaos import ADMINISTRATORS, Bench, Cycle, Fault, Must, chaotic_council, judge, on_sqlite
from tests.crashes import killing
from tests.owed import Owed
from tests.planted import BUGS
from tests.relay import REPEAT, Mail, relay_process

IN_DOUBT = (("K7", 2), ("K5", 3), ("K6 behind the dot", 4))
"""Where runs are killed: one message is claimed and not sent, two may have arrived."""
SEEN_AS = {
    "repeats do not say so": Fault.unmarked,
    "every message says that it is a repeat": Fault.marked,
    "a repeat goes out five times": Fault.copies,
    "a repeat has no items": Fault.content,
    "a repeat goes to somebody else": Fault.other_reader,
    "a repeat has an id of its own": Fault.second,
    "a repeat is not sent": Fault.lost,
    "all messages are empty": Fault.content,
    "the HTML part is empty": Fault.content,
    "one message is somebody else's": Fault.stranger,
    "the second child of a message is left out": Fault.content,
    "a limited record is told as any other": Fault.content,
    "what was handed over counts as accepted": Fault.lost,
    "what a dead sender had claimed is left": Fault.lost,
}
"""What the judge calls each bug, whatever else it sees."""

DUE = Owed(child="C7", level="RED", working_days=20, last_visit=date(2026, 2, 2))
MUST = Must(told={"m@example.gov.uk": frozenset({DUE})}, administrators=ADMINISTRATORS)


def a_mail(**changes: Any) -> Mail:
    """Return the one mail that must be sent, with these changes."""
    text = """1 overdue; 1 new.
        OVERDUE: 1 child
        Child C7, Person W1
        - RED: Protection visit 10 working days overdue (16 February) [New]
          No visit at which the child was seen is recorded for 20 working
          days (last protection visit 2 February 2026)."""
    what = {
        "id": "<1@here>",
        "to": "m@example.gov.uk",
        "purpose": "daily",
        "at": 1.0,
        "repeat": False,
        "subject": "Team T1: 1 overdue",
    }
    return Mail(**what | {"text": text, "html": f"<p>{text}</p>"} | changes)


def a_repeat(**changes: Any) -> Mail:
    return a_mail(**{"repeat": True, "text": f"{REPEAT}\n{a_mail().text}"} | changes)


def to_administrators(**changes: Any) -> list[Mail]:
    """Return the mails about the run."""
    text = "Alerts open: 1 and Audit: every promise kept"
    what = {"purpose": "admin", "subject": "all clear", "text": text, "html": text} | changes
    return [a_mail(id=f"<{to}>", to=to, **what) for to in sorted(ADMINISTRATORS)]


@pytest.mark.parametrize(
    ("mails", "where"),
    [
        ([a_mail()], []),
        ([a_mail(), a_repeat()], ["K7"]),
        ([a_repeat()], ["K6 before the dot"]),
        ([a_mail(), a_repeat(), a_repeat()], ["K7 within", "K5", "any instant"]),
    ],
    ids=["once", "repeated", "never arrived and sent again", "twice repeated"],
)
def test_what_must_come_of_a_day_is_no_fault(mails: list[Mail], where: list[str]) -> None:
    assert judge(MUST, [*mails, *to_administrators()], where) == []


WRONG: dict[str, tuple[list[Mail], list[str], Fault]] = {
    "nothing is sent": ([], [], Fault.lost),
    "to somebody else": ([a_mail(to="x@example.gov.uk")], [], Fault.stranger),
    "to somebody else as well": ([a_mail(), a_mail(id="<2@here>", to="x@example.gov.uk")], [], Fault.stranger),
    "another child": ([a_mail(text=a_mail().text.replace("C7", "C8"))], [], Fault.content),
    "another child as well": ([a_mail(text=f"{a_mail().text} C8")], [], Fault.content),
    "another child in the HTML part": ([a_mail(html=f"{a_mail().html} C8")], [], Fault.content),
    "another child in the subject": ([a_mail(subject="Team T1: C8")], [], Fault.content),
    "no HTML part": ([a_mail(html="")], [], Fault.content),
    "another number": ([a_mail(text=a_mail().text.replace("20 working", "21 working"))], [], Fault.content),
    "another level": ([a_mail(text=a_mail().text.replace("RED", "AMBER"))], [], Fault.content),
    "another day": ([a_mail(text=a_mail().text.replace("2 February", "3 February"))], [], Fault.content),
    "a second message": ([a_mail(), a_mail(id="<2@here>")], ["K7"], Fault.second),
    "a repeat to somebody else": ([a_mail(), a_repeat(to="x@example.gov.uk")], ["K7"], Fault.other_reader),
    "a repeat with other words": ([a_mail(), a_repeat(text=f"{REPEAT} {a_mail().text} And more.")], ["K7"], Fault.other_words),
    "a repeat without a word": ([a_mail(), a_mail()], ["K7"], Fault.unmarked),
    "a mark and no crash": ([a_repeat()], ["K5"], Fault.marked),
    "a repeat and no crash": ([a_mail(), a_repeat()], ["K6 before the dot"], Fault.copies),
    "two repeats of one crash": ([a_mail(), a_repeat(), a_repeat()], ["K7"], Fault.copies),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_anything_else_is_called_what_it_is(wrong: str) -> None:
    mails, where, fault = WRONG[wrong]

    assert fault in {kind for kind, _ in judge(MUST, [*mails, *to_administrators()], where)}


@pytest.mark.parametrize(
    "others",
    [
        [],
        to_administrators()[:1],
        [*to_administrators(), a_mail(id="<9>", to="admin@example.gov.uk", purpose="admin")],
        to_administrators(text=""),
        to_administrators(html=""),
        to_administrators(text="Alerts open: 2 and Audit: every promise kept"),
        to_administrators(text=f"{to_administrators()[0].text} C7"),
    ],
    ids=["none", "one is left out", "a second one", "no words", "no HTML part", "another number", "a child"],
)
def test_administrators_have_one_message_each_about_the_run(others: list[Mail]) -> None:
    assert {kind for kind, _ in judge(MUST, [a_mail(), *others], [])} >= {Fault.administrators}


@pytest.mark.parametrize("fault", [None, *Fault])
def test_every_fault_that_the_bench_prints_fails_it(fault: Fault | None, capsys: pytest.CaptureFixture[str]) -> None:
    found = [(fault, "what it was")] if fault else []

    assert show([Cycle(where=["K7"], found=found, repeats=1, recovery=1.0)], 1) == bool(fault)
    assert ("what it was" in capsys.readouterr().out) == bool(fault)


def test_fewer_crashes_than_were_asked_for_fail_the_bench_too() -> None:
    assert show([Cycle(where=["K7"], found=[], repeats=1, recovery=1.0)], 2) == 1


def test_each_bug_that_can_be_planted_is_tried() -> None:
    assert SEEN_AS.keys() == BUGS.keys()


# ---------------------------------------------------------------------- runs that are killed

killed = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot be sent this signal"),
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("chaos")
    with on_sqlite(folder) as (url, fresh), relay_process(folder / "mails") as relay, killing() as starts:
        office = chaotic_council(folder / "council", url, relay, teams=3)
        yield Bench(office=office, relay=relay, killing=starts, fresh=fresh, chance=random.Random(1))


class TestKilled:
    pytestmark = killed

    def test_runs_that_are_killed_lose_nothing_double_nothing_without_a_word_and_misdirect_nothing(self, bench: Bench) -> None:
        found, longest = bench.undisturbed()
        assert found == []
        left, found = 12, []
        while left > 0:
            cycle = bench.cycle(longest, left)
            left -= max(1, len(cycle.where))
            found += [(*fault, cycle.where) for fault in cycle.found]
        assert found == []

    def test_at_these_points_nothing_is_wrong_without_a_bug(self, bench: Bench) -> None:
        cycle = bench.killed_at(*IN_DOUBT)

        assert (cycle.found, cycle.repeats, len(cycle.where)) == ([], 2, len(IN_DOUBT))

    @pytest.mark.parametrize("bug", sorted(BUGS))
    def test_a_planted_bug_is_seen(self, bench: Bench, bug: str) -> None:
        before_the_dot = (("K6 before the dot", 1),) if SEEN_AS[bug] is Fault.lost else ()

        cycle = replace(bench, bug=bug).killed_at(*before_the_dot or IN_DOUBT)

        assert SEEN_AS[bug] in cycle.faults, cycle.found
