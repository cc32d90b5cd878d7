"""`kill`: SIGKILL of any process of `sealpost serve`, again and again under load.

Afterwards every acknowledged submission must be at every recipient, once in effect: counted at the recipients, which
keep what they processed, not in the gateway's own tables. Then the store is audited.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter as Tally
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.campaign import Campaign, campaign

SEED = 20030528
PROGRESS = 2  # acknowledgements between two kills, so that each falls into a working gateway


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a campaign came to. lost: not at a recipient. changed: acknowledged twice with different answers.
    errors: what a sender was told with a 5xx other than 503, which promises nothing; with what was logged of it."""

    kills: dict[str, int]
    acknowledged: int
    interrupted: int
    errors: list[str]
    delivered: int
    doubles: int
    lost: int
    changed: int
    flaws: int
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing was lost, doubled, changed or found, and nobody left without a promise."""
        wrong = self.doubles or self.lost or self.changed or self.flaws or self.errors
        return not wrong and self.acknowledged > 0

    def to_json(self) -> dict[str, Any]:
        return {"name": "kill", "passed": self.passed, "allKills": sum(self.kills.values()), **self.__dict__}


def options(parser: argparse.ArgumentParser) -> None:
    """What may be said on the command line."""
    parser.add_argument("--kills", type=int, default=200, help="how many processes are killed (default %(default)s)")
    parser.add_argument("--senders", type=int, default=3, help="who hand in forms at once (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the choice of victims (default %(default)s)")


def run(chosen: argparse.Namespace) -> Outcome:
    """The whole campaign with its own keys and folders."""
    begun = time.monotonic()
    print(f"kill: {chosen.kills} kills, seed {chosen.seed}", file=sys.stderr, flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        campaign(Path(folder) / "stage", seed=chosen.seed, senders=chosen.senders) as running,
    ):
        while (done := sum(running.kills.values())) < chosen.kills:
            killed = running.kill(progress=PROGRESS if running.chance.random() < 0.9 else 0)
            said = f"  {done + len(killed)} kills (last: {' '.join(killed)}), {len(running.acknowledged)} acknowledged"
            print(said, file=sys.stderr, flush=True)
        running.finish()
        return judged(running, seconds=time.monotonic() - begun)


def judged(running: Campaign, *, seconds: float = 0.0) -> Outcome:
    """Stop the gateway and count: at the senders, at the recipients, and by an audit of the store."""
    running.stage.processes.stop(running.serve)
    acknowledged, held = running.acknowledged, running.held()
    return Outcome(
        kills=dict(running.kills),
        acknowledged=len(acknowledged),
        interrupted=running.interrupted,
        errors=running.errors,
        delivered=sum(len(each) for each in held.values()),
        doubles=sum(_more_than_once(each) for each in held.values()),
        lost=sum(len(acknowledged.keys() - each.keys()) for each in held.values()),
        changed=_more_than_once({key: len(told) for key, told in acknowledged.items()}),
        flaws=len(flaws_of(running.stage.folder.config)),
        seconds=round(seconds, 1),
    )


def _more_than_once(counted: Tally[str] | dict[str, int]) -> int:
    return sum(number > 1 for number in counted.values())


def flaws_of(config: Path) -> list[dict[str, str]]:
    """What `sealpost audit` finds in the store of a configuration."""
    audit = [sys.executable, "-m", "gateway.cli", "audit", "--config", str(config), "--json"]
    done = subprocess.run(audit, capture_output=True, check=False, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    found: list[dict[str, str]] = json.loads(done.stdout)["findings"]
    for flaw in found:
        print(f"  flaw: {flaw['code']} {flaw['place']} {flaw['detail']}", file=sys.stderr)
    return found
