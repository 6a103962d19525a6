"""`page:` of config.yaml: what may stand there, and what is refused before anything listens."""

from __future__ import annotations

from typing import Any

import pytest

from alerting.config import load_config
from alerting.errors import Faults

OIDC = "{type: oidc, issuer: 'https://login.example.gov.uk/tenant', client_id: a, client_secret: '${env:CLIENT_SECRET}'}"
LOOK = "{type: look-as}"


def faults(tmp_path, monkeypatch, page: str, *, source: str = "demo") -> list[tuple[str, int]]:
    monkeypatch.setenv("CLIENT_SECRET", "made up")
    file = tmp_path / "config.yaml"
    file.write_text(
        f"council: {{name: A}}\nsource: {{type: {source}}}\nreceivers: {{a: {{type: console}}}}\npage:\n{page}", "utf-8"
    )
    try:
        load_config(file)
    except Faults as found:
        return [(fault.problem, fault.where.line if fault.where else 0) for fault in found.faults]
    return []


def settings(**changes: Any) -> str:
    lines = {"url": "https://alerts.example.gov.uk", "sign_in": OIDC} | changes
    return "".join(f"  {name}: {value}\n" for name, value in lines.items())


def test_a_page_needs_its_address_and_how_people_sign_in(tmp_path, monkeypatch):
    assert faults(tmp_path, monkeypatch, settings()) == []
    assert len(faults(tmp_path, monkeypatch, "  port: 8000\n")) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"url": "http://alerts.example.gov.uk"}, "it begins with https://"),
        ({"url": "ftp://alerts.example.gov.uk"}, "an address begins with https://"),
        ({"url": "https://a.example.gov.uk?x=1"}, "no `?`"),
        ({"url": "https://me:mine@a.example.gov.uk"}, "a password stands in this file"),
        ({"url": "https://a.example.gov.uk:0"}, "the port of an address"),
        ({"colour": "'#ffdd00'"}, "white letters cannot be read on this colour"),
        ({"directors": "[someone]"}, "not a mail address"),
        ({"secret": "${env:CLIENT_SECRET}"}, "it has 32 characters or more"),
        ({"secret": "written-into-the-file-itself-for-all-to-see"}, "a password stands in this file"),
        ({"ceiling": "counts"}, "reference"),
        ({"sign_in": "{type: oidc}"}, "needs `issuer` and `client_id` and `client_secret`"),
        ({"sign_in": OIDC.replace("https", "http")}, "it begins with https://"),
        ({"sign_in": OIDC.replace("'${env:CLIENT_SECRET}'", "mine")}, "a password stands in this file"),
        (
            {"sign_in": OIDC.replace("https://login.example.gov.uk/tenant", "https://login.microsoftonline.com/common/v2.0")},
            "would let in everybody who has an account",
        ),
        ({"sign_in": "{type: proxy, header: X-Mail}"}, "needs `from`"),
        ({"sign_in": "{type: proxy, header: 'X Mail', from: [10.0.0.1]}"}, "header"),
        ({"sign_in": "{type: proxy, header: X-Mail, from: [somewhere]}"}, "each is an address or a network"),
        ({"sign_in": "{type: proxy, header: X-Mail, from: [0.0.0.0/0]}"}, "a network of all addresses"),
    ],
)
def test_what_would_not_be_safe_is_refused_at_its_line(tmp_path, monkeypatch, changes, says):
    found = faults(tmp_path, monkeypatch, settings(**changes))

    assert found
    assert any(says in problem for problem, _ in found) or says in str(found)
    assert all(line >= 4 for _, line in found)


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("files", {"url": "http://127.0.0.1:8620"}),
        ("demo", {"url": "https://alerts.example.gov.uk"}),
        ("demo", {"url": "http://127.0.0.1:8620", "host": "0.0.0.0"}),
        ("demo", {"url": "http://127.0.0.1:8620", "host": "10.0.0.1"}),
    ],
)
def test_nobody_looks_as_somebody_else_but_at_the_made_up_council_on_this_machine(tmp_path, monkeypatch, source, page):
    assert faults(tmp_path, monkeypatch, settings(url="http://127.0.0.1:8620", sign_in=LOOK)) == []

    [(problem, _)] = faults(tmp_path, monkeypatch, settings(**{"sign_in": LOOK} | page), source=source)
    assert "look-as" in problem
