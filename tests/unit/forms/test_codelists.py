"""Reading code lists: what a list is, what an installation may add, and every reason for which one is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.errors import CatalogueError, CodeListRefused
from gateway.forms.catalogue import Catalogue, load_code_list, load_code_lists
from gateway.forms.codelists import CodeList, check_references, read_code_list
from gateway.forms.sources import parse_yaml

AGENTS = """
list: agents
editions:
  "1": {from: 2020-01-01, until: 2024-12-31, count: 3}
  "2": {from: 2025-01-01}
pattern: "[0-9]+-[0-9]{2}-[0-9]"
check: cas
values: {ec: {check: ec}, kind: {pattern: "a|b"}}
statuses: {found: "seen", recalled: "not seen"}
codes:
- {code: "71-43-2", en: Benzene, ec: "200-753-7", kind: a, status: found}
- {code: "108-88-3", en: Toluene, kind: [a, b], editions: ["1"]}
- {code: "67-64-1", en: Solvents, selectable: false}
"""
PLACES = """
list: places
ranges: true
values: {languages: {}}
codes:
- {code: "1000-1299", languages: [nl, fr]}
- {code: "1300-1499", languages: fr}
- {code: "1348", languages: nl}
"""


def read(text: str, ours: CodeList | None = None) -> CodeList:
    return read_code_list(parse_yaml(text, source="x.yaml"), source="x.yaml", ours=ours)


def refused(text: str, ours: CodeList | None = None) -> dict[str, str]:
    with pytest.raises(CodeListRefused) as caught:
        read(text, ours)
    assert caught.value.source == "x.yaml"
    faults: dict[str, str] = {}
    for entry, reason in caught.value.faults:
        faults[entry] = "; ".join(filter(None, (faults.get(entry), reason)))
    return faults


def test_a_list_tells_codes_editions_and_values() -> None:
    agents = read(AGENTS)
    assert agents.holds("71-43-2")
    assert (agents.holds("108-88-3", "1"), agents.holds("108-88-3", "2")) == (True, False)
    assert not agents.holds("67-64-1"), "a header may not be chosen"
    assert (agents.edition_on(date(2024, 12, 31)), agents.edition_on(date(2025, 1, 1))) == ("1", "2")
    assert agents.edition_on(date(2019, 12, 31)) is None
    assert (agents.value("108-88-3", "kind"), agents.value("71-43-2", "ec"), agents.value("1-1-1", "ec")) == (
        "a b",
        "200-753-7",
        "",
    )


def test_a_code_of_its_own_comes_before_its_range() -> None:
    places = read(PLACES)
    assert [places.value(code, "languages") for code in ("1000", "1299", "1348", "1349", "1500", "134a", "13480")] == [
        "nl fr",
        "nl fr",
        "nl",
        "fr",
        "",
        "",
        "",
    ]


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason"),
    [
        ('"71-43-2"', '"71-43-3"', "71-43-3", "check digit of 71-43-3 is wrong (cas)"),
        ('"71-43-2"', '"benzene"', "benzene", "not of the pattern"),
        ('"71-43-2"', '"108-88-3"', "108-88-3", "is there twice"),
        ('"200-753-7"', '"200-753-8"', "71-43-2", "check digit of 200-753-8 is wrong (ec)"),
        ("kind: [a, b]", "kind: c", "108-88-3", "not of the pattern"),
        ('editions: ["1"]', 'editions: ["3"]', "108-88-3", "unknown edition 3"),
        ("status: found", "status: seen", "71-43-2", "unknown status seen"),
        ("selectable: false", "selectable: no one", "67-64-1", "true or false"),
        ("{code: ", "{colour: red, code: ", "71-43-2", "unknown colour"),
        ('{code: "71-43-2", ', "{", "entry 1", "missing code"),
        ("en: Benzene", "en: Benzene, from: 2020-02-01, until: 2020-01-01", "71-43-2", "lies before from"),
        ("until: 2024-12-31", "until: 2025-01-01", "edition 2", "overlaps edition 1"),
        ("until: 2024-12-31", "until: 2024-12-30", "edition 2", "leaves a gap after edition 1"),
        ("until: 2024-12-31, ", "", "edition 2", "overlaps edition 1"),
        ("until: 2024-12-31", "until: 2019-12-31", "edition 1", "ends before it begins"),
        ("from: 2025-01-01", "from: soon", "edition 2", "a date is expected"),
        ("{from: 2025-01-01}", "{until: 2026-01-01}", "edition 2", "missing from"),
        ("count: 3", "count: 4", "edition 1", "3 rows, 4 are announced"),
    ],
)
def test_what_is_wrong_is_named_by_entry_and_reason(old: str, new: str, entry: str, reason: str) -> None:
    assert old in AGENTS
    faults = refused(AGENTS.replace(old, new, 1))
    assert reason in faults[entry]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    faults = refused(
        AGENTS.replace("71-43-2", "71-43-3").replace("108-88-3", "108-88-4").replace("count: 3", "count: 9")
    )
    assert set(faults) == {"71-43-3", "108-88-4", "edition 1"}


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason"),
    [
        ("1300-1499", "1299-1499", "1299-1499", "overlaps 1000-1299"),
        ("1300-1499", "1499-1300", "1499-1300", "lower to a higher"),
        ("1300-1499", "1300-99999", "1300-99999", "equal length"),
        ("1348", "Leuven", "Leuven", "neither a number nor a range"),
    ],
)
def test_ranges_are_apart(old: str, new: str, entry: str, reason: str) -> None:
    assert reason in refused(PLACES.replace(old, new, 1))[entry]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("list: agents", "missing codes"),
        ("codes: []", "missing list"),
        ("list: Our Agents\ncodes: []", "lower-case words"),
        ("list: agents\ncolour: red\ncodes: []", "unknown colour"),
        ("list: agents\npattern: '('\ncodes: []", "not a pattern"),
        ("list: agents\ncheck: isbn\ncodes: []", "one of cas, ec"),
        ("list: agents\ncomplete: mostly\ncodes: []", "true or false"),
        ("list: agents\ntitle: {en: Agents}\ncodes: []", "missing nl, fr, de"),
        ("- a", "a mapping is expected"),
    ],
)
def test_what_is_no_code_list_is_refused_with_its_file(text: str, said: str) -> None:
    with pytest.raises(CatalogueError, match=r"x\.yaml") as caught:
        read(text)
    assert said in caught.value.detail


NEW_EDITION = """
list: agents
extends: true
editions: {"3": {from: 2030-01-01, count: 2}}
check: cas
codes:
- {code: "71-43-2"}
- {code: "110-54-3", en: n-Hexane}
"""


def test_a_new_edition_is_added_and_the_old_one_ends_the_day_before() -> None:
    agents = read(NEW_EDITION, read(AGENTS))
    assert agents.editions["2"] == (date(2025, 1, 1), date(2029, 12, 31))
    assert [name for name in agents.editions if agents.holds("71-43-2", name)] == ["1", "2", "3"]
    assert [name for name in agents.editions if agents.holds("108-88-3", name)] == ["1"]
    assert [name for name in agents.editions if agents.holds("110-54-3", name)] == ["3"]
    assert (agents.entries["71-43-2"].titles["en"], agents.value("71-43-2", "ec")) == ("Benzene", "200-753-7")


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason"),
    [
        ("2030-01-01", "2024-01-01", "edition 3", "overlaps edition 1"),
        ('"3": {from', '"2": {from', "edition 2", "is an edition of the list already"),
        ("count: 2", "count: 3", "edition 3", "2 rows, 3 are announced"),
        ('editions: {"3": {from: 2030-01-01, count: 2}}\n', "", "71-43-2", "is a code of the list already"),
        ("110-54-3", "110-54-4", "110-54-4", "check digit"),
    ],
)
def test_an_edition_that_does_not_fit_is_refused(old: str, new: str, entry: str, reason: str) -> None:
    assert old in NEW_EDITION
    assert reason in refused(NEW_EDITION.replace(old, new, 1), read(AGENTS))[entry]


def test_only_a_list_that_is_there_can_be_extended() -> None:
    assert refused(NEW_EDITION) == {"the list": "there is no list agents to extend"}


@pytest.mark.parametrize(
    ("old", "new", "entry", "reason"),
    [
        ('- {code: "108-88-3", en: Toluene, kind: [a, b], editions: ["1"]}\n', "", "108-88-3", "taken away from 1"),
        ("status: found}", 'status: found, editions: ["1"]}', "71-43-2", "taken away from 2"),
        ("status: found}", "status: found, selectable: false}", "71-43-2", "taken away from 1, 2"),
        ("from: 2025-01-01", "from: 2025-01-02", "edition 2", "would get other dates"),
        ('"2": {from', '"3": {from', "edition 2", "would be taken away"),
    ],
)
def test_a_list_in_place_of_ours_takes_no_code_from_an_edition(old: str, new: str, entry: str, reason: str) -> None:
    assert old in AGENTS
    changed = AGENTS.replace(", count: 3", "")
    assert reason in refused(changed.replace(old, new, 1), read(AGENTS))[entry]


def test_a_list_in_place_of_ours_may_end_the_open_edition_and_hold_more() -> None:
    more = AGENTS.replace("{from: 2025-01-01}", '{from: 2025-01-01, until: 2029-12-31}\n  "3": {from: 2030-01-01}')
    agents = read(more.replace(', editions: ["1"]', ', editions: ["1", "3"]'), read(AGENTS))
    assert agents.holds("108-88-3", "3")


def test_demonstration_data_may_be_taken_away() -> None:
    invented = read("list: offices\ndemonstration: true\ncodes: [{code: DEMO}]")
    assert not read("list: offices\ncodes: [{code: REAL}]", invented).holds("DEMO")
    assert refused("list: offices\ncodes: [{code: REAL}]", read("list: offices\ncodes: [{code: DEMO}]")) == {
        "DEMO": "would be taken away from the list"
    }


def test_a_value_that_is_a_code_of_another_list_must_be_one() -> None:
    lists = {
        "agents": read(AGENTS),
        "names": read("list: names\nvalues: {agent: {list: agents}}\ncodes: [{code: a, agent: '71-43-2'}]"),
    }
    check_references(lists)
    for wrong in ("67-64-1", "50-00-0"):  # a header, and a code that is not there
        lists["names"] = read(
            f"list: names\nvalues: {{agent: {{list: agents}}}}\ncodes: [{{code: a, agent: '{wrong}'}}]"
        )
        with pytest.raises(CodeListRefused, match="is not in the list agents"):
            check_references(lists)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "european-schedule.yaml").write_text(
        """
list: european-schedule
extends: true
editions: {"2030": {act: "an invented Recommendation", from: 2030-06-01, count: 2}}
codes:
- {code: "101"}
- {code: "315", en: "An invented disease"}
""",
        encoding="utf-8",
    )
    return tmp_path


def test_an_installation_reads_its_own_editions_without_a_new_schema(own: Path) -> None:
    reference = Catalogue.load(code_lists=own).reference
    schedule = reference.code_lists["european-schedule"]
    assert schedule.holds("315", "2030")
    assert not schedule.holds("311", "2030")
    assert schedule.edition_on(date(2030, 6, 1)) == "2030"
    assert schedule.edition_on(date(2030, 5, 31)) == "2025"
    assert load_code_lists()["european-schedule"].edition_on(date(2030, 6, 1)) == "2025"


def test_a_wrong_list_or_folder_of_an_installation_stops_the_start(own: Path) -> None:
    file = own / "european-schedule.yaml"
    file.rename(own / "schedule.yaml")
    with pytest.raises(CatalogueError, match="must be named like the file"):
        Catalogue.load(code_lists=own)
    with pytest.raises(CatalogueError, match="no such folder"):
        Catalogue.load(code_lists=own / "nowhere")


def test_a_file_is_read_as_it_would_be_used(own: Path) -> None:
    again = load_code_list(own / "european-schedule.yaml", beside=own)
    assert again.holds("315", "2030")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [*a]", "aliases are not taken"),  # a loop
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases are not taken"),
        ("a: &a x\nb: *a", "aliases are not taken"),
        ("a: " + "[" * 20_000 + "]" * 20_000, "nested too deep"),
        ("? [a, b]\n: c", "a key is a text or a number"),
        ("{a: 1}: b", "a key is a text or a number"),
        ("<<: [1]", "only a mapping can be merged"),
        ("a: 2026-99-99", "no such day or number"),
        (f"a: {'9' * 5000}", "no such day or number"),
        ("a: 1\na: 2", "repeated"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
    ],
)
def test_a_hostile_file_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(CatalogueError) as caught:
        parse_yaml(text, source="x.yaml")
    assert caught.value.code == "catalogue-syntax"
    assert caught.value.detail.startswith("x.yaml: ")
    assert said in caught.value.detail


def test_our_own_files_may_name_a_part_and_use_it_again() -> None:
    assert parse_yaml("a: &a {x: 1}\nb: {<<: *a, y: 2}", source="x.yaml", aliases=True) == {
        "a": {"x": 1},
        "b": {"x": 1, "y": 2},
    }
