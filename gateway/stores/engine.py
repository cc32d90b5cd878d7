"""The SQLite build in use: pysqlite3's, because Debian's own still has the WAL-reset bug (see `schema.check_build`).

It has the interface of the standard library's sqlite3 and is typed as that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

__all__ = ["sqlite"]
