"""Verifier, envelope opener and package reader take bounded time and memory over whatever they let in."""

from __future__ import annotations

import json
import subprocess
import sys

PASSED, FAILED = "TOTAL-PASSED", "TOTAL-FAILED"


def test_the_heaviest_inputs_are_judged_within_bounds() -> None:
    """In a process that dies of more processor time or memory than `heavy.py` allows."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.heavy"], capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert json.loads(done.stdout) == {
        "many elements": PASSED,
        "many attributes": PASSED,
        "many namespaces": PASSED,
        "deep": PASSED,
        "as many signatures as may be": PASSED,
        "many certificates": FAILED,
        "many time stamps": FAILED,
        "many values that could be an Id": FAILED,
        "too large": FAILED,
        "a large envelope for many": "30 MiB",
        "the same, altered": "cannot-open",
        "values in values": "envelope-unreadable",
        "many records": PASSED,
        "many seals over a large file": PASSED,
    }
