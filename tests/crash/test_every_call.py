"""The trial that fails every call, in short: what the tests of `tests/faults` live a part of is lived whole by it."""

from __future__ import annotations

import argparse
from dataclasses import replace

from benchmarks.every_call import DISK, PORTS, options, run


def test_each_call_of_a_sort_fails_once() -> None:
    parser = argparse.ArgumentParser()
    options(parser)
    outcome = run(parser.parse_args(["--only", "sent dies", "disk truncation fails"]))
    assert outcome.passed
    assert {sort: (lives.lived, lives.ended) for sort, lives in outcome.lives.items()} == {
        "sent dies": (2, 2),
        "disk truncation fails": (2, 0),
    }
    wrong = {**outcome.lives, "sent dies": replace(outcome.lives["sent dies"], wrong=[1])}
    assert not replace(outcome, lives=wrong).passed
    assert parser.parse_args([]).only is None, "all of them"
    assert {kind for kind, _ in PORTS.values()} | {kind for kind, _ in DISK.values()} >= {"signature", "sync", "write"}
