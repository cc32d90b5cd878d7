"""Foreign programs that some tests need."""

from __future__ import annotations

import os
import shutil

import pytest


def require(program: str) -> None:
    """Skip the test where the program is not installed; in CI, fail."""
    if shutil.which(program) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is not installed")
