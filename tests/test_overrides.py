"""What config.yaml says of rules: parameters, code words, bank holidays, and which rules are asked."""

from __future__ import annotations

from datetime import date

import pytest

from alerting.casedata.catalogue import Settings
from alerting.documents.document import load
from alerting.model import Level
from alerting.rulebook.file_models import Overrides
from alerting.rulebook.loader import load_rulebook
from tests.rule_folder import Folder, asked, ids


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path / "rules")


@pytest.mark.parametrize("name", ["CL-01", "visits-few"])
def test_a_parameter_is_changed_by_a_rules_code_or_its_id(folder, name):
    [before], [after] = asked(folder.load()), asked(folder.load({"settings": {name: {"params": {"red_visits": 5}}}}))

    assert (before.level, after.level) == (Level.amber, Level.red)


def test_a_shared_parameter_is_changed_for_every_rule(folder):
    book = folder.load({"params": {"adult_age": 15}})

    assert (book.faults, asked(book)) == ((), [])
    assert book.settings.params["adult_age"] == 15


def test_a_shared_parameter_is_changed_for_one_rule(folder):
    folder.rule("practice/second.yaml")

    book = folder.load({"settings": {"CL-01": {"params": {"adult_age": 15}}}})

    assert {rule.id: rule.params["adult_age"] for rule in book.rules} == {"visits-few": 15, "second": 18}


def test_a_rule_is_switched_off_and_still_known(folder):
    book = folder.load({"settings": {"CL-01": {"enabled": False, "reason": "not yet"}}})

    assert (ids(book), [rule.id for rule in book.off], book.faults) == ([], ["visits-few"], ())


@pytest.mark.parametrize(("own", "used"), [({}, []), ({"enabled": True}, ["visits-few"]), ({"reason": "not yet"}, [])])
def test_a_rule_is_off_that_says_so_in_its_own_file_unless_config_yaml_says_otherwise(folder, own, used):
    folder.change("practice/visits-few.yaml", ("title: Few visits", "title: Few visits\nenabled: false"))

    book = folder.load({"settings": {"CL-01": own}})

    assert (ids(book), [rule.id for rule in book.every], book.faults) == (used, ["visits-few"], ())


def test_the_councils_own_rules_come_last_and_can_stand_for_those_of_any_pack(folder):
    folder.rule("local/ours.yaml", ("title: Few visits", "title: Ours\nreplaces: visits-few"))

    book = folder.load()

    assert (ids(book), book.faults) == (["ours"], ())


def test_bank_holidays_of_the_council_stand_for_the_shipped_ones(folder):
    assert folder.load().settings.bank_holidays == {date(2026, 4, 3), date(2026, 4, 6)}
    assert folder.load({"bank_holidays": ["2026-12-25"]}).settings.bank_holidays == {date(2026, 12, 25)}
    assert folder.load({"bank_holidays": []}).settings.bank_holidays == frozenset()


@pytest.mark.parametrize(
    "cell", ["Care  Order - FULL", "care order – full", "CARE ORDER - FULL ", "C2", "c2: anything", "full care order"]
)
def test_the_councils_own_words_stand_for_a_code_however_they_are_typed(folder, cell):
    book = folder.load({"codes": {"legal_status": {"c2": ["Care Order – full"]}}})

    assert book.settings.codes["legal_status"].code(cell) == "C2"


CONFIG = """\
rules:
  packs: [practise, local]
  params: {adultage: 1, adult_age: many}
  codes:
    legal_statuses: {C2: [x]}
    legal_status: {C9: [x]}
  settings:
    CL-01: {params: {red_visit: 1}}
    visits-many: {enabled: false}
"""


def test_what_config_says_of_what_is_not_there_has_its_place(folder):
    folder.rule("practice/second.yaml")
    file = folder.path / "config.yaml"
    file.write_text(CONFIG)
    document = load(file)
    said = {key: value for key, value in document.value["rules"].items() if key != "packs"}

    book = load_rulebook(folder.path, ["practise", "practice"], Overrides.model_validate(said), document)

    assert [(str(fault).partition("config.yaml:")[2], fault.severity) for fault in book.faults] == [
        (f"2:11: there is no rule pack 'practise' in {folder.path.as_posix()}\n  Did you mean 'practice'?", "error"),
        ("3:12: `rules: params:` names a shared parameter 'adultage' that is not there\n  Did you mean 'adult_age'?", "error"),
        ("3:25: `rules: params: adult_age:` is a text, but stands for a number\n  settings.yaml has 18.", "error"),
        ("6:20: `rules: codes: legal_status:` has no code 'C9'\n  Its codes are: C2, V3.", "error"),
        ("5:5: `rules: codes:` names a code map 'legal_statuses' that is not there\n  Did you mean 'legal_status'?", "error"),
        ("8:22: `rules: settings: CL-01:` names a parameter 'red_visit' it does not have\n  Did you mean 'red_visits'?", "error"),
        ("9:5: `rules: settings:` names a rule 'visits-many' that is not there\n  Did you mean 'visits-few'?", "warning"),
    ]
    # Without a whole pack its alerts would end; one rule can wait.
    assert book.stopping == book.faults[:5]
    assert [broken.id for broken in book.broken] == ["visits-few"]
    assert ids(book) == ["second"]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("red_visits", "few", "red_visits is a text, but stands for a number"),
        ("red_visits", True, "red_visits is a yes-or-no, but stands for a number"),
        ("red_visits", [1], "red_visits is a list, but stands for a number"),
        ("red_visits", None, "red_visits is nothing, but stands for a number"),
        ("short_statuses", "V3", "short_statuses is a text, but stands for a list"),
    ],
)
def test_a_parameter_of_another_kind_is_a_fault(folder, name, value, problem):
    book = folder.load({"settings": {"CL-01": {"params": {name: value}}}})

    assert [fault.problem for fault in book.faults] == [f"`rules: settings: CL-01:` {problem}"]


def test_a_parameter_that_is_nothing_may_become_anything(folder):
    assert folder.load({"params": {"grace": 3}}).faults == ()


def test_settings_of_a_broken_rule_are_not_said_to_be_of_none(folder):
    folder.write("practice/visits-few.yaml", "id: visits-few\ncode: CL-01")

    book = folder.load({"settings": {"CL-01": {"enabled": False}}})

    assert not any("that is not there" in fault.problem for fault in book.faults)


def test_settings_are_values_of_their_own(folder):
    assert isinstance(folder.load().settings, Settings)
