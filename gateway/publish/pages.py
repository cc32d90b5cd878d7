"""x"""

from __future__ import annotations


class Pages:
    def __init__(self, catalogue):
        pass

    def of_kind(self, kind):
        return ()

    def of_all(self, folders):
        return ()
