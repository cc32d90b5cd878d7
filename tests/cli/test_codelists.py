"""`sealpost codelists`: what the lists hold, and how a new edition comes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command import sealpost

DIVISIONS = """list: nace-bel-divisions
extends: true
editions: {"2035": {act: an invented revision, from: 2035-01-01, count: 2}}
pattern: "[0-9]{2}"
codes:
- {code: "01"}
- {code: "44", en: "An invented division"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "new.yaml"
    path.write_text(DIVISIONS, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "own"
    path.mkdir()
    return path


def test_lists_and_codes_are_shown() -> None:
    items = {item["list"]: item for item in sealpost(["codelists", "list", "--json"]).json["items"]}
    schedule = items["european-schedule"]
    assert (schedule["count"], schedule["complete"], schedule["source"]) == (164, True, "ours")
    assert [edition["edition"] for edition in schedule["editions"]] == ["2003", "2022", "2025"]
    assert schedule["editions"][-1] == {"edition": "2025", "from": "2025-12-22", "until": None}
    shown = sealpost(["codelists", "show", "postal-languages", "--lang", "fr"])
    assert shown.code == 0
    assert any(line.split()[:2] == ["1000-1299", "Bruxelles"] for line in shown.text.splitlines())
    codes = sealpost(["codelists", "show", "european-schedule", "--edition", "2003", "--json"]).json["codes"]
    assert len(codes) == 158
    assert {code["code"] for code in codes if not code["selectable"]} == {"201", "301"}


@pytest.mark.parametrize(
    "arguments", [["show", "nothing"], ["show", "european-schedule", "--edition", "1999"], ["check", "no-such-file"]]
)
def test_what_there_is_not_is_usage(arguments: list[str]) -> None:
    assert sealpost(["codelists", *arguments]).code == 2


def test_a_new_edition_is_checked_added_and_shown(file: Path, folder: Path) -> None:
    assert sealpost(["codelists", "check", file]).code == 0
    assert list(folder.iterdir()) == []
    added = sealpost(["codelists", "add", file, "--folder", folder, "--json"])
    assert (added.code, added.json["list"]) == (0, "nace-bel-divisions")
    assert [path.name for path in folder.iterdir()] == ["nace-bel-divisions.yaml"]
    items = sealpost(["codelists", "list", "--json"], environment={"SEALPOST_CODELISTS": str(folder)}).json["items"]
    (divisions,) = (item for item in items if item["list"] == "nace-bel-divisions")
    assert divisions["source"] == "installation"
    assert divisions["editions"][-2:] == [
        {"edition": "2025", "from": "2025-01-01", "until": "2034-12-31"},
        {"edition": "2035", "from": "2035-01-01", "until": None},
    ]
    assert sealpost(["codelists", "add", file, "--folder", folder]).code == 0, "the same again"


def test_a_wrong_edition_is_refused_with_every_reason_and_nothing_is_added(file: Path, folder: Path) -> None:
    file.write_text(DIVISIONS.replace('"01"', '"1"').replace("2035-01-01", "2024-01-01"), encoding="utf-8")
    ran = sealpost(["codelists", "add", file, "--folder", folder, "--json"])
    assert ran.code == 1
    assert ran.json["usable"] is False
    assert [(fault["entry"], fault["reason"]) for fault in ran.json["faults"]] == [
        ("1", "code: 1 is not of the pattern [0-9]{2}"),
        ("edition 2035", "overlaps edition 2008"),
        ("edition 2025", "overlaps edition 2035"),
        ("edition 2035", "1 rows, 2 are announced"),
    ]
    assert list(folder.iterdir()) == []
    told = sealpost(["codelists", "check", file])
    assert (told.code, told.text) == (1, "")
    assert f"{file}: 1: " in told.err
    faults = sealpost(["codelists", "check", file, "--json"], environment={"SEALPOST_LANG": "de"}).json["faults"]
    assert [(each["entry"], each["reason"]) for each in faults][-3:] == [
        ("Ausgabe 2035", "überschneidet sich mit Ausgabe 2008"),
        ("Ausgabe 2025", "überschneidet sich mit Ausgabe 2035"),
        ("Ausgabe 2035", "1 Zeilen, angekündigt sind 2"),
    ]


def test_a_list_that_takes_codes_away_is_refused(file: Path) -> None:
    file.write_text('list: belgian-list\ncodes: [{code: "1.101", en: Arsenic}]\n', encoding="utf-8")
    ran = sealpost(["codelists", "check", file])
    assert ran.code == 1
    assert "1.603: would be taken away" in ran.err
    for language, said in (("nl", "zou uit de lijst"), ("fr", "serait retiré"), ("de", "fiele aus der")):
        ran = sealpost(["codelists", "check", file], environment={"SEALPOST_LANG": language})
        assert f"1.603: {said}" in ran.err


def test_what_is_no_code_list_is_refused(file: Path) -> None:
    file.write_text("- nothing of the kind\n", encoding="utf-8")
    ran = sealpost(["codelists", "check", file, "--json"])
    assert (ran.code, ran.json["usable"]) == (1, False)
    assert sealpost(["codelists", "add", file]).code == 2, "where to?"
