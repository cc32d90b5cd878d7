"""What one submission must show, with all that belongs to it; pure: a dossier in, flaws out.

States are replayed from evidence by the table of `lifecycle.py`: whatever moves that table names, now or later, a
stored state must be one to which the kept evidence leads, and no evidence may tell of another.
"""

from gateway.proving.prover import Prover

__all__ = ["Prover"]
