"""A council's own rules lie over those that are shipped: an update still brings what it puts right, and the difference can be seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alerting.app import build, carried_rules
from alerting.rulebook.book import Rulebook
from alerting.rulebook.loader import load_rulebook
from tests.office import Office
from tests.one_rule_office import command
from tests.rule_folder import RULE, SUBJECT, Folder, ids


@pytest.fixture
def shipped(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "shipped")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The council's folder, with one rule that stands for a shipped one."""
    folder = tmp_path / "council"
    (folder / "local").mkdir(parents=True)
    text = RULE.replace("id: visits-few", "id: ours").replace("code: CL-01", "code: LOC-01\nreplaces: visits-few")
    (folder / "local/ours.yaml").write_text(text, "utf-8")
    return folder


def loaded(shipped: Folder, own: Path) -> Rulebook:
    book = load_rulebook(shipped.path, own=own)
    assert book.faults == ()
    return book


def test_the_councils_rules_stand_beside_the_shipped_ones_and_in_place_of_them(shipped, own):
    shipped.rule("statutory/second.yaml")

    book = loaded(shipped, own)

    assert ids(book) == ["second", "ours"]
    assert [rule.id for rule in book.replaced] == ["visits-few"]
    assert book.texts.keys() >= {"local/ours.yaml", "statutory/second.yaml", "subjects/child.yaml", "settings.yaml"}


def test_an_update_of_a_shipped_rule_arrives(shipped, own):
    shipped.rule("statutory/second.yaml")
    before = loaded(shipped, own)
    shipped.change("statutory/second.yaml", ("red_visits: 1", "red_visits: 2"))

    after = loaded(shipped, own)

    assert [rule.params["red_visits"] for book in (before, after) for rule in book.rules] == [1, 1, 2, 1]


def test_a_file_of_the_same_path_stands_for_the_shipped_one(shipped, own):
    (own / "subjects").mkdir()
    (own / "subjects/child.yaml").write_text(SUBJECT.replace("2 AS visits", "3 AS visits"), "utf-8")

    book = loaded(shipped, own)

    assert "3 AS visits" in book.subjects["child"].sql
    assert book.file("subjects/child.yaml") == own / "subjects/child.yaml"
    assert book.file("settings.yaml") == shipped.path / "settings.yaml"


def test_a_fault_of_the_councils_file_has_its_place(shipped, own):
    (own / "local/ours.yaml").write_text("id: ours\n", "utf-8")

    book = load_rulebook(shipped.path, own=own)

    assert ids(book) == ["visits-few"]
    assert all(fault.where is not None and fault.where.file == (own / "local/ours.yaml").as_posix() for fault in book.faults)


# ---------------------------------------------------------------- a whole council


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A council without rules of its own, that copies one rule and loosens it."""
    office = Office(tmp_path_factory.mktemp("council"))
    settings = {"CL-01": {"params": {"red_days": 60}}}
    office.council.configure("sqlite:///x.db", rules={"path": "rules", "settings": settings})
    code, said = command(office, "rules", "new", "--from", "CLA-01", "--replaces", "--id", "our-visits")
    assert code == 0, said
    path = office.folder / "rules/local/our-visits.yaml"
    path.write_text(path.read_text("utf-8").replace("visit_days: 42", "visit_days: 41"), "utf-8")
    return office


def test_a_first_copy_brings_no_other_rule_along(office):
    written = [path.relative_to(office.folder).as_posix() for path in (office.folder / "rules").rglob("*") if path.is_file()]
    book = build(office.folder / "config.yaml").book

    assert sorted(written) == ["rules/local/our-visits.yaml", "rules/rule.schema.json"]
    assert book.folder == carried_rules()
    assert not [fault for fault in book.faults if fault.severity == "error"]
    assert "our-visits" in ids(book)
    assert "cla-visit-overdue" not in ids(book)
    assert "cla-review-overdue" in ids(book)


def test_what_is_not_as_it_is_shipped_is_listed(office):
    code, said = command(office, "rules", "diff", "--shipped")

    assert code == 1
    assert "params red_days: 60 instead of 56" in said
    assert "params visit_days: 41 instead of 42" in said
    assert "an update of the shipped one does not reach it" in said
    assert "CP-03" not in said


def test_one_rule_is_shown_whole_and_all_of_it_as_json(office):
    code, said = command(office, "rules", "diff", "--shipped", "CL-01")
    _, printed = command(office, "rules", "diff", "--shipped", "--json")
    found = json.loads(printed)

    assert code == 1
    assert "60 instead of 56" in said
    assert "visit_days" not in said
    assert [(one["own"]["id"], one["follows_updates"]) for one in found["changed"]] == [
        ("care-leaver-not-in-touch", True),
        ("our-visits", False),
    ]
    assert (found["only_own"], found["missing"], found["shared_files"]) == ([], [], [])


def test_two_rules_or_shipped(office):
    assert command(office, "rules", "diff", "CL-01")[0] == 2
    assert command(office, "rules", "diff", "--shipped", "CL-01", "CL-02")[0] == 2


def test_a_folder_with_settings_of_its_own_is_all_there_is(tmp_path):
    office = Office(tmp_path)
    office.rules_of_its_own("statutory/cla-visit-overdue.yaml")

    book = build(office.council.configure("sqlite:///x.db")).book

    assert (ids(book), book.own) == (["cla-visit-overdue"], None)
