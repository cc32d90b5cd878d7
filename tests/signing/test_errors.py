"""The tables of codes are true: every code is raised somewhere, none is raised that is not listed, each has a test."""

import re
from pathlib import Path

import pytest

import signing
from signing import (
    ContainerRejected,
    Indication,
    KeyUnavailable,
    NotFetched,
    NotSignable,
    SealingFailed,
    TimestampUnavailable,
    VerificationFailed,
)
from signing.errors import CONTAINER_CODES, KEY_CODES, SEALING_CODES, VERIFICATION_CODES, refusal

SOURCES = "\n".join(path.read_text() for path in sorted(Path(signing.__file__).parent.rglob("*.py")))
TESTS = "\n".join(path.read_text() for path in sorted(Path(__file__).parent.glob("*.py")) if path != Path(__file__))
TRANSLATED = set(re.findall(r'"[a-z-]+": "(timestamp-[a-z-]+)",', SOURCES))  # what trust says of an authority


def raised(*names: str) -> set[str]:
    return set(re.findall(rf'\b(?:{"|".join(names)})\(\s*"([a-z0-9-]+)"', SOURCES))


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (("refusal", "NotXml", "NotSignable"), set(VERIFICATION_CODES)),
        (("KeyUnavailable",), KEY_CODES),
        (("SealingFailed",), SEALING_CODES),
        (("ContainerRejected",), CONTAINER_CODES),
    ],
)
def test_every_code_is_listed_and_raised(names: tuple[str, ...], codes: set[str]) -> None:
    assert raised(*names) | (KEY_CODES & codes) | (TRANSLATED & codes) == codes


@pytest.mark.parametrize("code", sorted({*VERIFICATION_CODES, *KEY_CODES, *SEALING_CODES, *CONTAINER_CODES}))
def test_every_code_has_a_test(code: str) -> None:
    assert f'"{code}"' in TESTS


@pytest.mark.parametrize("code", sorted(VERIFICATION_CODES))
def test_every_refusal_has_an_indication(code: str) -> None:
    failed = refusal(code, "why")
    assert failed.indication is not Indication.TOTAL_PASSED
    assert (failed.code, failed.detail, str(failed)) == (code, "why", f"{code}: why")


def test_all_errors_have_one_root() -> None:
    kinds = (KeyUnavailable, NotSignable, VerificationFailed, SealingFailed, ContainerRejected)
    for kind in (*kinds, TimestampUnavailable, NotFetched):
        assert issubclass(kind, signing.SigningError)


def test_what_is_public_stands_where_it_is_listed() -> None:
    listed = Path(signing.__file__).with_suffix(".pyi").read_text()
    assert len(signing.__all__) == listed.count("\nfrom ")
    assert all(getattr(signing, name) is not None for name in signing.__all__)
    with pytest.raises(AttributeError, match="nobody"):
        _ = signing.nobody  # type: ignore[attr-defined]
