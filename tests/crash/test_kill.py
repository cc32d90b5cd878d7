"""SIGKILL in a run of submissions: what was acknowledged is delivered, once in effect, at every recipient.

Checked at the recipients, which keep what they got, not in the gateway's own tables. In short here, at length by
`python -m benchmarks kill`.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.campaign import campaign
from benchmarks.kill import PROGRESS, SEED, judged

KILLS = 4


def test_every_acknowledged_submission_is_delivered_once_whatever_is_killed(tmp_path: Path) -> None:
    with campaign(tmp_path / "stage", seed=SEED, senders=3) as running:
        rounds = 0  # one round may kill several at once
        while sum(running.kills.values()) < KILLS or len(running.kills) < 2 or not running.interrupted:
            running.kill(progress=PROGRESS)
            rounds += 1
        running.finish()
        outcome = judged(running)
        assert outcome.acknowledged >= PROGRESS * rounds
        assert (outcome.lost, outcome.doubles, outcome.changed, outcome.flaws) == (0, 0, 0, 0), outcome
        assert outcome.errors == []
        assert outcome.delivered == 3 * outcome.acknowledged
