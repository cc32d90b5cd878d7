"""The small form kind of slips.py, loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.forms.catalogue import Catalogue
from gateway.forms.report import Report
from gateway.forms.validation import Validator
from tests.unit.forms.slips import RECEIVED_ON, write_schemas


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A schemas folder with the small kind; a test may change its files before it loads them."""
    write_schemas(tmp_path)
    return tmp_path


@pytest.fixture
def catalogue(schemas: Path) -> Catalogue:
    """The catalogue of the small kind."""
    return Catalogue.load(schemas)


@pytest.fixture
def validate(catalogue: Catalogue) -> Callable[[bytes], Report]:
    """Validate a document of the small kind, received on RECEIVED_ON."""
    validator = Validator(catalogue)
    return lambda raw: validator.validate(raw, received_on=RECEIVED_ON)
