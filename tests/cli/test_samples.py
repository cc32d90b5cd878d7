"""`sample`: an invented form on stdout or in a file, what it is on stderr."""

from __future__ import annotations

from pathlib import Path

from tests.cli.command import SAMPLES, sealpost


def test_a_sample_is_valid_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "form.xml"
    ran = sealpost(["sample", "be/appeal", "--variant", "full", "--seed", "7", "--output", file])
    assert (ran.code, ran.out) == (0, b"")
    received_on = ran.err.split("received on ")[1][:10]
    judged = sealpost(["validate", file, "--received-on", received_on, "--json"])
    assert judged.code == 0, judged.text
    again = sealpost(["sample", "be/appeal", "--variant", "full", "--seed", "7"])
    assert again.out == file.read_bytes()
    assert b"invented" in again.out


def test_the_hand_written_one_is_given_as_it_is() -> None:
    ran = sealpost(["sample", "be/appeal"])
    assert ran.out == (SAMPLES / "be/appeal/1/valid-typical.xml").read_bytes()


def test_a_sample_can_be_wrong_in_one_thing() -> None:
    ran = sealpost(["sample", "be/health-assessment", "--variant", "invalid:HA-07", "--seed", "2"])
    assert ran.code == 0
    assert "breaks HA-07" in ran.err
    received_on = ran.err.split("received on ")[1][:10]
    judged = sealpost(["validate", "-", "--received-on", received_on, "--json"], stdin=ran.out)
    findings = judged.json["items"][0]["findings"]
    assert {finding["rule"] for finding in findings if finding["severity"] != "info"} == {"HA-07"}


def test_what_is_not_there_is_usage() -> None:
    for arguments in (["be/none"], ["be/appeal", "--variant", "maximal"], ["be/appeal", "--variant", "invalid:HA-07"]):
        ran = sealpost(["sample", *arguments])
        assert (ran.code, ran.out) == (2, b"")
        assert "known are" in ran.err or "HA-07" in ran.err
