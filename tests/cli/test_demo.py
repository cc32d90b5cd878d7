"""`sealpost demo`: the story holds, on any day, and leaves nothing running."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from rich.console import Console

from gateway.demo.narration import Narrator, StoryFailed
from gateway.demo.papers import COMMON, REFERENCES, SAMPLES, draw_up
from gateway.demo.story import LAW
from gateway.forms.parsing import parse_untrusted
from gateway.forms.validation import Validator
from tests.cli.command import sealpost
from tests.patience import PATIENCE_S, wait_until
from tests.schemas.cases import catalogue

BRUSSELS = ZoneInfo("Europe/Brussels")
ODD_DAYS = (
    date(2026, 12, 31),
    date(2027, 1, 1),
    date(2027, 3, 28),  # Easter, and the night the clocks change
    date(2028, 2, 29),
    date(2026, 12, 24),
    date(2027, 5, 1),
)


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator(catalogue())


def test_everything_is_as_the_law_says(tmp_path: Path) -> None:
    ran = sealpost(["demo", "--json", "--dir", tmp_path / "demo"])
    assert ran.code == 0, ran.err
    assert ran.json["ok"] is True
    assert ran.json["checks"] > 100
    assert ran.err.count("signed receipt verified") == sum(map(len, LAW.values()))
    for words in ("the Fund's server goes down", "endpoint-unreachable", "HA-07", "SIG-DIGEST", "SIG-SIGNATORY"):
        assert words in ran.err
    assert sealpost(["demo", "--dir", tmp_path / "demo"]).code == 2, "a demonstration is never overwritten"
    assert "85073003328" not in ran.err
    for log in (tmp_path / "demo" / "logs").iterdir():
        assert "85073003328" not in log.read_text()


def test_keep_prints_lines_that_work_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "demo", "--keep", "--dir", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert demo.stdout is not None
    printed: list[str] = []
    try:
        for line in demo.stdout:
            printed.append(line)
            if "another party's" in line:
                printed.append(demo.stdout.readline())
                break
        curls = [line.strip() for line in printed if line.strip().startswith("curl ")]
        assert len(curls) == 7
        answers = [
            subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True).stdout for line in curls
        ]
        assert '"UP"' in answers[0]
        assert "be/appeal" in answers[1]
        assert "acceptable" in answers[3]
        assert '"acceptance"' in answers[4]
        assert "be/health-assessment" in answers[5]
        assert '"status":404' in answers[6].replace(" ", "")
    finally:
        demo.send_signal(signal.SIGINT)
        code = demo.wait(PATIENCE_S)
        demo.stdout.close()
    assert code == 0
    pids = [int(pid) for pid in re.findall(r"process (\d+)", "".join(printed))]
    assert len(pids) == 3
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("moment", ["worker", "receiver-fund", "receiver-employer"])
def test_stopped_in_the_middle_it_leaves_nothing_running(tmp_path: Path, moment: str) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "demo", "--dir", str(tmp_path / "demo")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: (tmp_path / "demo" / "logs" / f"{moment}.log").exists())
    demo.terminate()
    assert demo.wait(PATIENCE_S) == 1
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _read(path)], (
        "a process was left behind"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # the process ended meanwhile
        return b""


def test_an_expectation_that_fails_says_what() -> None:
    narrator = Narrator(console=Console(file=StringIO()))
    narrator.expect(True, "the sun rises")
    assert narrator.checked == 1
    with pytest.raises(StoryFailed, match="pigs fly"):
        narrator.expect(False, "pigs fly")


@pytest.mark.parametrize("kind", sorted(LAW))
def test_the_forms_fit_any_day(validator: Validator, kind: str) -> None:
    days = [*ODD_DAYS, *(date(2026, 6, 1) + timedelta(days=37 * step) for step in range(20))]
    for day in days:
        now = datetime(day.year, day.month, day.day, 0, 30, tzinfo=BRUSSELS)
        report = validator.validate(draw_up(kind, now=now).raw, received_on=day)
        assert report.acceptable, f"{kind} on {day}: {[finding.code for finding in report.findings]}"


def test_a_paper_bears_the_day_of_the_cast_whatever_zone_the_clock_was_read_in() -> None:
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)  # in Brussels half past midnight
    for now in (late, late.astimezone(BRUSSELS)):
        assert draw_up("be/appeal", now=now).texts("f:Header/c:IssuedOn") == ["2026-06-02"]


@pytest.mark.parametrize("kind", sorted(LAW))
def test_drawing_up_moves_dates_drops_references_names_a_case_of_its_own_and_nothing_else(kind: str) -> None:
    sample = parse_untrusted((SAMPLES / kind / "1" / "valid-typical.xml").read_bytes()).root
    names = {"f": str(etree.QName(sample).namespace), "c": COMMON}
    for path in REFERENCES:
        for reference in sample.xpath(f"f:Content/{path}", namespaces=names):
            reference.getparent().remove(reference)
    now = datetime(2027, 7, 1, 12, tzinfo=BRUSSELS)
    drawn = parse_untrusted(draw_up(kind, now=now).raw).root
    changed = {
        str(old.tag).partition("}")[2]
        for old, new in zip(sample[0].iter(), drawn[0].iter(), strict=True)
        if (old.text or "").strip() != (new.text or "").strip()
    }
    assert {"DocumentId", "IssuedOn", "CreatedAt"} <= changed
    assert "BirthDate" not in changed
    assert all(
        name in {"DocumentId", "CreatedAt", "CaseReference"} or re.search("On$|Date$|AsOf|Since|Start|From$|To$", name)
        for name in changed
    )
