"""The signatures in samples/signatures/, made by a tool that nobody here wrote, are accepted; changed, they are not."""

from pathlib import Path

import pytest

from signing import VerificationFailed, trust_from_pem, verify_xml
from tests.signing.pki import AT

FOLDER = Path(__file__).parents[2] / "samples" / "signatures"
VECTORS = sorted(FOLDER.glob("*.xml"))


def test_there_are_vectors() -> None:
    assert VECTORS


@pytest.mark.parametrize("vector", VECTORS, ids=lambda path: path.stem)
def test_signature_made_by_another_tool(vector: Path) -> None:
    trust, raw = trust_from_pem((FOLDER / "anchor.pem").read_bytes()), vector.read_bytes()
    verified = verify_xml(raw, trust=trust, at=AT)
    assert b"85073003328" in verified.content
    assert verified.signatures[0].signing_time == AT
    with pytest.raises(VerificationFailed) as failed:
        verify_xml(raw.replace(b"85073003328", b"85073003329"), trust=trust, at=AT)
    assert failed.value.code == "digest-mismatch"
