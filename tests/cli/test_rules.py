"""`sealpost rules`: the register of all rules, for machines and people."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.cli.command import sealpost
from tests.schemas.test_rule_register import IDS


@cache
def items() -> tuple[dict[str, Any], ...]:
    ran = sealpost(["rules", "--json"])
    assert ran.code == 0
    return tuple(ran.json["items"])


def test_every_rule_of_the_catalogue_is_listed_once() -> None:
    ids = [item["id"] for item in items()]
    assert len(ids) == len(set(ids))
    assert set(ids) >= IDS
    assert ids.index("HA-02") < ids.index("HA-10") < ids.index("RQ-01")


def test_an_item_says_where_a_rule_is_checked_and_how_it_is_shown() -> None:
    by_id = {item["id"]: item for item in items()}
    nace = by_id["GEN-15"]
    assert (nace["severity"], nace["where"], nace["checkedBy"], nace["article"], nace["legal"]) == (
        "warning",
        "document",
        "rules",
        "Royal Decree of 28 May 2003, App. IV",
        [{"act": "be-rd-2003-05-28", "article": "App. IV"}],
    )
    assert nace["effective"] == {"from": "2025-01-01", "until": None}
    assert nace["languages"] == ["de", "en", "fr", "nl"]
    assert "be/appeal" in nace["kinds"]
    assert all(nace["cases"][outcome] >= 1 for outcome in ("pass", "fail", "outOfScope"))
    assert (by_id["GEN-02"]["where"], by_id["GEN-02"]["checkedBy"]) == ("records", "intake")
    assert (by_id["GEN-19"]["where"], by_id["CP-05"]["where"]) == ("signature", "organisational")
    assert (by_id["CP-05"]["checkedBy"], by_id["CP-05"]["cases"]["pass"]) == (None, 0)
    assert by_id["CP-05"]["note"]


def test_rules_can_be_asked_by_kind_and_by_place() -> None:
    ran = sealpost(["rules", "--json", "--kind", "be/appeal", "--where", "records"])
    found = ran.json["items"]
    assert {item["where"] for item in found} == {"records"}
    assert {item["id"] for item in found} >= {"AP-08", "GEN-02", "CP-10", "TM-10"}
    assert not any(item["id"].startswith(("OD-", "HA-")) for item in found)


def test_people_read_a_table_in_their_language() -> None:
    ran = sealpost(["rules", "--where", "organisational", "--lang", "nl"])
    assert ran.code == 0
    header, *rows = ran.text.splitlines()
    assert header.split()[:4] == ["controleregel", "ernst", "nagekeken", "door"]
    assert any(row.startswith("MV-07") and "voorbehouden" in row for row in rows)
    assert len(rows) == sum(item["where"] == "organisational" for item in items())


@pytest.mark.parametrize("arguments", [["--kind", "be/nothing"], ["--where", "nowhere"]])
def test_what_there_is_not_is_usage(arguments: list[str]) -> None:
    assert sealpost(["rules", *arguments]).code == 2
