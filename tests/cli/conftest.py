"""The demo PKI under the name that the command line knows it by."""

from __future__ import annotations

import pytest

from gateway.demo.pki import DemoFolder


@pytest.fixture(scope="session")
def folder(cast: DemoFolder) -> DemoFolder:
    """The folder of the demo PKI."""
    return cast
