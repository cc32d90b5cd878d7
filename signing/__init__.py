"""Signing and sealing: XAdES, time stamps, closed envelopes, containers, keys, trust. Knows no form, party or store.

What is public, and where it stands, is listed in `__init__.pyi`, which type checkers read too. A module is loaded when
a name of it is first asked for: who signs a form waits for nothing that reads a PDF or judges a trusted list.
"""

import re
from importlib import import_module
from pathlib import Path

_LIST = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_PLACES = {name: module for module, name in re.findall(r"^from (\S+) import (\w+) as \2$", _LIST, re.MULTILINE)}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> object:  # PEP 562
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_PLACES[name]), name)
    return found
