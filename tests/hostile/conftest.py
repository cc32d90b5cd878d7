"""The real form kinds and their samples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.forms.validation import Validator
from tests.schemas.cases import catalogue

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture(scope="session")
def validator() -> Validator:
    return Validator(catalogue())


@pytest.fixture(scope="session")
def samples(validator: Validator) -> Mapping[str, bytes]:
    """The fullest valid sample of each form kind."""
    folders = {kind.id: SAMPLES / kind.id / kind.version.partition(".")[0] for kind in validator.catalogue.kinds}
    return {name: (folder / "valid-full.xml").read_bytes() for name, folder in folders.items()}
