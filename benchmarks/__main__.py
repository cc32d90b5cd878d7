"""`python -m benchmarks [NAME…] [--json]`: run benchmarks; without a name, all of them.

`python -m benchmarks TRIAL [OPTION…] [--json]` runs one of the trials (kill, power-cut, every-call): they break
things for as long as they are told to, and end with exit code 1 when anything was lost, doubled or damaged.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict

from benchmarks import (
    claims,
    delivery,
    intake,
    journal,
    journal_store,
    pades,
    peers,
    rendition,
    seals,
    size,
    stages,
    validate,
    validate_java,
)
from benchmarks.result import Result

BENCHMARKS: Mapping[str, Callable[..., Iterable[Result]]] = {
    "intake": intake.run,
    "intake-stages": stages.run,
    "delivery": delivery.run,
    "dead-endpoint": delivery.dead_endpoint,
    "claim-flat": claims.run,
    "memory-flat": size.memory,
    "start-large": size.start,
    "peer-naive": peers.naive,
    "peer-as2": peers.as2,
    "validate-xsd": validate.xsd,
    "validate-rules": validate.rules,
    "validate-java": validate_java.run,
    "validate-size": validate.size,
    "validate-start": validate.start,
    "validate-hostile": validate.hostile,
    "xades-verify": seals.verify,
    "xades-sign": seals.sign,
    "evidence-sign": seals.evidence,
    "envelope-seal": seals.envelope,
    "pades-sign": pades.sign,
    "journal-append": journal.append,
    "rendition": rendition.run,
    "journal-store": journal_store.run,
}

# Modules that each have options(parser) and run(chosen), which gives something with passed and to_json().
TRIALS = {
    "kill": "benchmarks.kill",
    "power-cut": "benchmarks.power_cut",
    "every-call": "benchmarks.every_call",
}


SIZED = ("dead-endpoint", "claim-flat", "memory-flat", "start-large")
"""Those whose size may be given."""


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks, or one trial, and print what came of it."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in TRIALS:
        return _trial(*arguments)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = f"one of {', '.join(BENCHMARKS)}; {', '.join(SIZED)} take a number of copies or forms: NAME:NUMBER"
    parser.add_argument("names", nargs="*", metavar="NAME", help=known)
    parser.add_argument("--json", action="store_true", help="one array of results on standard output")
    chosen = parser.parse_args(arguments)
    asked = [_asked(name) for name in chosen.names or BENCHMARKS]
    unknown = [name for name, numbers in asked if name not in BENCHMARKS or (numbers and name not in SIZED)]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    for name, numbers in asked:
        for result in BENCHMARKS[name](*numbers):
            results.append(result)
            print(result, file=sys.stderr if chosen.json else sys.stdout, flush=True)
    if chosen.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    return 0


def _trial(name: str, *arguments: str) -> int:
    trial = importlib.import_module(TRIALS[name])
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {name}", description=trial.__doc__)
    trial.options(parser)
    parser.add_argument("--json", action="store_true", help="the result as one object on standard output")
    chosen = parser.parse_args(arguments)
    outcome = trial.run(chosen)
    told = outcome.to_json()
    print(json.dumps(told, indent=2) if chosen.json else "\n".join(f"{key}: {value}" for key, value in told.items()))
    passed: bool = outcome.passed
    return 0 if passed else 1


def _asked(word: str) -> tuple[str, list[int]]:
    """`memory-flat:100000` -> its name and its number."""
    name, mark, number = word.partition(":")
    return (name, [int(number)]) if mark and number.isdigit() else (word, [])


if __name__ == "__main__":
    sys.exit(main())
