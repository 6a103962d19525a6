"""A region's authorities in a CSV file: who is run, in which order, and what is wrong with whose row."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting.errors import ConfigError, Faults
from alerting.regions.authorities import Authority, Found, find_authorities


def found(folder: Path, text: str | bytes) -> Found:
    table = folder / "region.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    return find_authorities(table)


def test_a_row_says_where_an_authority_is_what_it_is_called_how_large_it_is_and_whether_it_is_run(tmp_path):
    text = (
        "\ufeffFolder,name,size,on,config\r\n"
        'adur,,"21,000",yes,\r\n'
        "\r\n"
        "../elsewhere/b,Barton & Bay,,,\r\n"
        ",Corfe,800,YES,corfe/live.yaml\r\n"
        "dell,,5,no,\r\n"
        "short\r\n"
    )

    assert found(tmp_path, text) == Found(
        authorities=(
            Authority(name="Barton & Bay", config=tmp_path.parent / "elsewhere" / "b" / "config.yaml"),
            Authority(name="Corfe", config=tmp_path / "corfe" / "live.yaml", size=800),
            Authority(name="adur", config=tmp_path / "adur" / "config.yaml", size=21000),
            Authority(name="short", config=tmp_path / "short" / "config.yaml"),
        ),
        off=("dell",),
    )


def test_what_is_wrong_with_a_row_is_told_with_its_line_and_costs_no_other_authority(tmp_path):
    text = "folder,config,size,on\nadur,,,\nbarton,,many,\ncorfe,,-3,\n,,7,\ndell,dell/config.yaml,,\ndud,,,perhaps\nely,,,,,\nfrome,,,,x\n"

    what = found(tmp_path, text)

    assert [one.name for one in what.authorities] == ["adur", "ely"]
    assert {name: why.partition("region.csv:")[2].partition(".")[0] for name, why in what.unsafe.items()} == {
        "barton": "3: `size` is no number above 0",
        "corfe": "4: `size` is no number above 0",
        "line 5": "5: neither `folder` nor `config` says where it is",
        "dell": "6: `folder` and `config` are both given",
        "dud": "7: `on` is neither yes nor no",
        "frome": "9: the row has more cells than the table has columns",
    }


@pytest.mark.parametrize("file", ["region.csv", "list.txt"])
def test_those_of_one_name_are_none_of_them_run_and_all_others_are(tmp_path, file):
    lines = ["here/adur", "there/adur", "barton"]
    (tmp_path / file).write_text("\n".join(["folder", *lines] if file.endswith("csv") else lines))

    what = find_authorities(tmp_path / file)

    assert [one.name for one in what.authorities] == ["barton"]
    assert "more than once" in what.unsafe["adur"]


@pytest.mark.parametrize(
    ("text", "problems", "remedy"),
    [
        ("folder,siez\nadur,1\n", ["there is no column `siez`"], "Did you mean 'size'?"),
        ("adur\nbarton\n", ["there is no column `adur`"], "The first line has"),
        ("name,size\nadur,1\n", ["no column says where an authority is"], "The first line has"),
        ("folder,on,On\n", ["the column `on` is there twice"], "Leave one"),
        ('folder\n"adur\n', ["this is no CSV file"], "Save it as CSV"),
    ],
)
def test_a_table_that_cannot_be_read_for_what_it_is_says_where_and_what_to_do(tmp_path, text, problems, remedy):
    with pytest.raises(Faults) as refused:
        found(tmp_path, text)

    assert [fault.problem for fault in refused.value.faults] == problems
    assert refused.value.faults[0].remedy.startswith(remedy)
    assert str(refused.value.faults[0].where).rpartition(":")[2] in ("1", "2")


def test_a_table_of_another_encoding_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="it is not UTF-8 text"):
        found(tmp_path, "folder\nTorfaen\xe9\n".encode("cp1252"))
