"""What a council says in its own words: which parts, with what in them, and what stands there where its words cannot be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alerting.app import build
from alerting.authoring.check import check
from alerting.notifications.messages.own_words import PARTS, OwnWords, read_own_words
from tests.made_council import MONDAY
from tests.office import Office
from tests.rendered import a_card, a_morning, a_week, message, notices, read, render


def words(folder: Path, **files: str) -> OwnWords:
    """Write a folder of words, such as `head="Good morning"`, and read it."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, "utf-8")
    return read_own_words(folder)


def test_each_part_is_said_in_the_councils_words_in_both_forms_of_a_message(tmp_path: Path) -> None:
    own = words(
        tmp_path,
        title="Morning list{% if purpose == 'weekly' %} of the week{% endif %}",
        head="Good morning {{ name }}.\n\nQuestions: {{ ask }}",
        praise="{{ count }} recorded. Thank you.",
        foot="{{ council }}, {{ as_of }}. Guidance: https://intranet.example.gov.uk/alerts?a=1&b=2",
    )
    morning = message(a_morning(), own=own, ask="data@example.gov.uk")
    week = message(a_week(), own=own, ask="data@example.gov.uk")

    for text in (morning.text, read(morning.html)):
        assert "Morning list" in text
        assert "Good morning Sam Okoro." in text
        assert "Exampleshire, 31 March 2026. Guidance: https://intranet.example.gov.uk/alerts?a=1&b=2" in text
        assert "Sent by practice alerts" not in text
    assert 'href="mailto:data@example.gov.uk"' in morning.html
    assert 'href="https://intranet.example.gov.uk/alerts?a=1&amp;b=2"' in morning.html
    assert "Morning list of the week" in week.text


def test_the_worst_comes_first_whatever_the_council_says(tmp_path: Path) -> None:
    plain, own = message(a_morning()), message(a_morning(), own=words(tmp_path, head="All is well today.", title="Good news"))

    assert own.subject == plain.subject
    assert own.text.splitlines()[0] == plain.text.splitlines()[0]
    assert own.text.index("3 rules could not be asked") < own.text.index("All is well today.")


def test_notices_of_faults_and_cards_are_said_as_they_are(tmp_path: Path) -> None:
    own = words(tmp_path, **dict.fromkeys(PARTS, "Nothing to see here."))

    for fixed in (notices(), a_card("Assessment North")):
        assert "Nothing to see here" not in message(fixed, own=own).text
    channel = render(a_card("Assessment North"), own=own, channel="T1").message
    assert "Nothing to see here" not in f"{channel.text}{channel.card}"


def test_an_empty_file_says_nothing_there_but_a_message_always_has_a_title(tmp_path: Path) -> None:
    said = message(a_morning(), own=words(tmp_path, title="", foot="", head=" \n")).text

    assert "Please do not forward it" not in said
    assert "Practice alerts, Exampleshire" in said


def test_what_is_html_in_a_file_is_only_words(tmp_path: Path) -> None:
    html = message(a_morning(), own=words(tmp_path, head="<!-- <script>alert(1)</script> <div style='display:none'>")).html

    assert "<script" not in html
    assert "&lt;!-- &lt;script&gt;" in html


def test_what_shows_as_nothing_and_came_with_pasting_is_left_out(tmp_path: Path) -> None:
    own = words(tmp_path, head="Good\u200b morn\u00ading\u202e {{ name }}.")

    assert "Good morning Sam Okoro." in message(a_morning(), own=own).text


@pytest.mark.parametrize(
    ("file", "text", "line", "problem", "remedy"),
    [
        ("head.txt", "Good morning {{ nme }}", 1, "there is no name 'nme'", "Did you mean 'name'?"),
        ("head.txt", "Hello.\n\nOf {{ child }}", 3, "there is no name 'child'", "There are as_of, ask"),
        ("foot.txt", "{{ count }} done", 1, "there is no name 'count'", ""),
        ("head.txt", "One.\n\n{% for x in name %}{{ x }}{% endfor %}", 3, "'for' is not allowed", ""),
        ("head.txt", "{{ name.__class__ }}", 1, "'.__class__' is not allowed", ""),
        ("head.txt", "{{ name * 9999999 }}", 1, "'mul' is not allowed", ""),
        ("head.txt", "{% include 'layout.html' %}", 1, "'include' is not allowed", ""),
        ("head.txt", "{{ name", 1, "end of template", ""),
        ("head.txt", "{% if page %}\n\nHello.\n\n{% endif %}", 1, "end of template", "End it with {% endif %} in the same paragraph"),
        ("head.txt", "x" * 9000, None, "more than 8,000 bytes", ""),
        ("head.txt", "\n\n".join("abcde"), None, "it has 5 paragraphs, and there may be 4", ""),
        ("title.txt", "One\n\nTwo", None, "it has 2 paragraphs, and there may be 1", "Leave no line blank."),
        ("heads.txt", "Hello", None, "heads.txt is no part of a message", "Did you mean head.txt?"),
        ("foot.html", "Hello", None, "foot.html is no part of a message", "Did you mean foot.txt?"),
    ],
)  # fmt: skip
def test_check_names_each_fault_of_each_file_at_its_line(
    tmp_path: Path, file: str, text: str, line: int | None, problem: str, remedy: str
) -> None:
    (tmp_path / file).write_text(text, "utf-8")
    [fault] = read_own_words(tmp_path).faults

    assert problem in fault.problem
    assert remedy in fault.remedy
    assert fault.where is not None
    assert (Path(fault.where.file).name, fault.where.line) == (file, line)


def test_a_file_that_is_not_text_is_a_fault_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "head.txt").write_bytes(b"Gr\xfc\xdfe")
    (tmp_path / "foot.txt").mkdir()
    (tmp_path / "title.txt").write_text("Morning list", "utf-8")

    own = read_own_words(tmp_path)

    assert sorted(Path(fault.where.file).name for fault in own.faults if fault.where) == ["foot.txt", "head.txt"]
    assert list(own.parts) == ["title"], "what is right beside it is used"


def test_a_file_that_fails_is_not_used_and_its_message_goes_all_the_same(tmp_path: Path) -> None:
    own = words(tmp_path, head="Ask {{ ask }}", foot="{{ nme }}", title="Morning list")
    rendered = render(a_morning(), own=own)

    assert "Sent by practice alerts for Exampleshire to Sam Okoro." in rendered.message.text
    assert "Ask" not in rendered.message.text
    assert "Morning list" in rendered.message.text
    assert sorted(problem.text for problem in rendered.problems) == [
        "foot.txt: the council's own words were not used: there is no name 'nme'",
        "head.txt: the council's own words were not used: a value that it prints is missing",
    ]


def test_check_names_a_file_that_would_fail_for_want_of_a_value(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.council.write()
    words(
        tmp_path / "words",
        foot="{% if page %}{{ page }}{% endif %}",
        head="{% if purpose == 'weekly' %}See {{ page }}{% endif %}",
    )
    app = build(office.council.configure(office.store_url, messages={"templates": "words"}))
    own = [one for one in check(app, MONDAY, reach=False) if one.where and one.where.file.endswith(".txt")]

    assert [(Path(one.where.file).name, one.problem) for one in own if one.where] == [
        ("head.txt", "these words could not be said: a value that it prints is missing")
    ]


@pytest.mark.parametrize("folder", ["missing", "words"])
@pytest.mark.slow
def test_administrators_read_what_was_not_used_and_everybody_has_their_message(tmp_path: Path, folder: str) -> None:
    office = Office(tmp_path)
    office.rules_of_its_own()
    office.rule()
    office.settings["messages"] = {"templates": folder}
    words(tmp_path / "words", head="{{ nme }}")
    report = office.run(MONDAY)

    assert report.sending.messages.accepted >= 2
    assert any("the council's own words were not used" in f"{notice.title} {notice.detail}" for notice in office.notices)
    [fault] = [
        one for one in check(build(tmp_path / "config.yaml"), date(2026, 3, 2)) if "templates" in str(one) or "nme" in str(one)
    ]
    assert fault.severity == "error"
