"""`python -m benchmarks [NAME…] [--json]`: run benchmarks; without a name, all of them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict

from benchmarks import claims, delivery, intake, seals, validate, validate_java
from benchmarks.result import Result

BENCHMARKS: Mapping[str, Callable[[], list[Result]]] = {
    "intake": intake.run,
    "delivery": delivery.run,
    "dead-endpoint": delivery.dead_endpoint,
    "claim-flat": claims.run,
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
}


def main(arguments: list[str] | None = None) -> int:
    """Run the named benchmarks and print their results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", action="store_true", help="one array of results on standard output")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; known are {', '.join(BENCHMARKS)}")
    results: list[Result] = []
    for name in chosen.names or BENCHMARKS:
        for result in BENCHMARKS[name]():
            results.append(result)
            print(result, file=sys.stderr if chosen.json else sys.stdout, flush=True)
    if chosen.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
