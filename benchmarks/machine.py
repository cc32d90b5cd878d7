"""How fast this machine is beside the server for which absolute figures are asked.

600 submissions a second are asked of two cores of a current server. What another machine owes is told by bare
signatures, made and verified in the same run by the library that we use: there is no Python of ours in them.
"""

from __future__ import annotations

import secrets
import statistics

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from benchmarks.result import Result, compared
from benchmarks.turns import time_of

SERVER_SIGN_S, SERVER_VERIFY_S = 13.6e-6, 36.6e-6  # ECDSA P-256 on one core of the server: 73,500 and 27,300 a second
_ALGORITHM = ec.ECDSA(hashes.SHA256())


def speed() -> float:
    """This machine's, the server's being 1: the geometric mean over one signature made and one verified."""
    key, data = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(1500)
    public, signature = key.public_key(), key.sign(data, _ALGORITHM)
    sign_s = time_of(lambda: key.sign(data, _ALGORITHM))
    verify_s = time_of(lambda: public.verify(signature, data, _ALGORITHM))
    return statistics.geometric_mean((SERVER_SIGN_S / sign_s, SERVER_VERIFY_S / verify_s))


def asked(name: str, rate: float, unit: str, *, figure: float, at: float) -> list[Result]:
    """A rate beside the figure that is asked of the server, and beside what that is at this machine's speed `at`."""
    here = f"the same at this machine's speed, {at:.2f} of the server's"
    return [
        compared(f"{name} asked", rate, unit, against="what is asked of the server", floor=figure),
        compared(f"{name} asked here", rate, unit, against=here, floor=figure * at),
    ]
