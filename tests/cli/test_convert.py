"""`convert` at the command line, and `validate` over a JSON draft."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import SAMPLES, sealpost

ASSESSMENT = SAMPLES / "be/health-assessment/1/valid-typical.xml"


def test_there_and_back_gives_the_same_json(tmp_path: Path) -> None:
    view = sealpost(["convert", ASSESSMENT])
    assert view.code == 0, view.err
    draft = tmp_path / "draft.xml"
    assert sealpost(["convert", "-", "--out", draft], stdin=view.text.encode()).code == 0
    assert sealpost(["convert", draft]).text == view.text
    day = view.json["Content"]["Header"]["IssuedOn"]
    assert sealpost(["validate", draft, "--received-on", day]).code == 0
    assert sealpost(["validate", "-", "--received-on", day], stdin=view.text.encode()).code == 0


def test_what_has_no_place_is_no_with_place_and_way_out() -> None:
    view = sealpost(["convert", ASSESSMENT]).json
    view["Content"]["Worker"]["Illness"] = "ZZGEHEIMZZ"
    ran = sealpost(["convert", "-", "--lang", "fr"], stdin=json.dumps(view).encode())
    assert (ran.code, ran.text) == (1, "")
    assert "JSON-005" in ran.err
    assert "/f:HealthAssessmentForm/f:Content/f:Worker" in ran.err
    assert "ZZGEHEIMZZ" not in ran.err
    ran = sealpost(["validate", "-", "--json"], stdin=json.dumps(view).encode())
    assert ran.code == 1
    (finding,) = ran.json["items"][0]["findings"]
    assert finding["pointer"] == "/Content/Worker"
