"""The failing cases as files: each is refused or flagged by the rule in its name, and those there are up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.failing import FOLDER, failing_files, main
from gateway.forms.cases import cases_of
from gateway.forms.rules import Where
from gateway.records import CHECKS
from tests.schemas.cases import catalogue, samples_of


@pytest.fixture(scope="module")
def files() -> dict[Path, bytes]:
    return dict(failing_files(catalogue()))


def test_each_form_has_its_report_beside_it(files: dict[Path, bytes]) -> None:
    forms = {file for file in files if file.suffix == ".xml"}
    assert {file.with_suffix(".json") for file in forms} == files.keys() - forms
    for kind in catalogue().kinds:
        assert any(file.parent == samples_of(kind) / FOLDER for file in forms), kind.id


def test_the_report_names_the_rule_and_comes_again(files: dict[Path, bytes]) -> None:
    for file, content in files.items():
        if file.suffix == ".json":
            expected = json.loads(content)
            assert file.stem.rpartition("-")[0] in {finding["rule"] for finding in expected["findings"]}, file
            assert "engine" not in expected
            assert all(finding.get("line", 2) > 1 for finding in expected["findings"])


def test_every_rule_with_a_failing_document_has_a_file(files: dict[Path, bytes]) -> None:
    shown = {file.stem.rpartition("-")[0] for file in files}
    for listed in catalogue().rules():
        rule = listed.rule
        checked = rule.where is Where.DOCUMENT or rule.by in CHECKS
        if checked and any(case.outcome == "fail" and case.proof is None for case in cases_of(rule)):
            assert rule.id in shown


def test_earlier_documents_are_named(files: dict[Path, bytes]) -> None:
    with_earlier = [json.loads(content) for content in files.values() if b'"earlier"' in content]
    assert with_earlier
    for expected in with_earlier:
        assert all(catalogue().by_name(document["kind"]) for document in expected["earlier"])
        assert "records" in expected["phases"]


def test_what_is_there_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    stale = main(["--check"])
    assert (stale, capsys.readouterr().out) == (0, ""), "run `python -m gateway.failing`"
