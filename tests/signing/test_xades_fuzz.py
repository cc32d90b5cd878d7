"""Random damage: nothing but VerificationFailed is ever raised, and nothing but the signed content ever comes out."""

import base64
import copy
import hashlib
from contextlib import suppress
from datetime import timedelta
from random import Random

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from signing import ValidationPolicy, VerificationFailed, archive_xml, sign_xml, stamp_xml, validate_xml, verify_xml
from signing.formats.xades.document import read_document
from signing.formats.xades.structure import read_elements, read_written
from tests.mutations import RANDOMS, mutate_xml
from tests.signing import forge as f
from tests.signing.pki import AT, DOCUMENT, make_people
from tests.signing.stamping import TIME_TRUST, stamper

PEOPLE = make_people()
TRUST = PEOPLE.trust
SIGNED = (
    sign_xml(DOCUMENT, identity=PEOPLE.doctor, at=AT),
    f.forge(PEOPLE.doctor, edit=f.covering_document(f.SUBTRACT, f.transform(f.EXC)), place=f.as_last_child),
)
LATER = AT + timedelta(days=30)
STAMPED, ARCHIVED = AT + timedelta(hours=1), AT + timedelta(days=1)
VICTIMS = (
    *SIGNED,
    *(
        archive_xml(
            stamp_xml(raw, timestamper=stamper(STAMPED), at=STAMPED), timestamper=stamper(ARCHIVED), at=ARCHIVED
        )
        for raw in SIGNED
    ),
)
POLICY = ValidationPolicy(signers=TRUST, timestamps=TIME_TRUST)
CONTENT = verify_xml(VICTIMS[0], trust=TRUST, at=AT).content
SCRAPS = tuple(
    scrap.encode("latin-1")
    for scrap in (
        *("", "<", ">", "/", '"', "=", "&#0;", "&amp;", "<!---->", "<![CDATA[", "]]>", "\0", "\xc3", "\xff", "A", "-1"),
        *("<f:Content/>", "</f:Content>", "<ds:Signature/>", "<ds:Object/>", ' Id="content"', ' ID="x"', "http://"),
    )
)


def judge(raw: bytes) -> None:
    with suppress(VerificationFailed):
        document = read_document(raw)
        for signature in document.signatures:
            written = read_written(document, signature)
            assert written is None or written == read_elements(signature)
    with suppress(VerificationFailed):
        verified = verify_xml(raw, trust=TRUST, at=AT)
        assert verified.content == CONTENT
        assert [signature.certificate for signature in verified.signatures] == [PEOPLE.doctor.certificate]
    with suppress(VerificationFailed):
        validated = validate_xml(raw, policy=POLICY, validation_time=LATER)
        (judged,) = validated.signatures
        assert (validated.content, judged.signature.certificate) == (CONTENT, PEOPLE.doctor.certificate)
        # Time stamps can be taken away; nothing makes a signature look older than it was proven to be.
        assert judged.best_signature_time in {STAMPED, ARCHIVED, LATER}


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    victim=st.sampled_from(VICTIMS),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(st.sampled_from(SCRAPS), st.binary(max_size=4))),
        min_size=1,
        max_size=3,
    ),
)
def test_damaged_bytes_never_verify_with_other_content(victim: bytes, cuts: list[tuple[float, int, bytes]]) -> None:
    raw = victim
    for place, length, scrap in cuts:
        at = int(place * len(raw))
        raw = raw[:at] + scrap + raw[at + length :]
    judge(raw)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    victim=st.sampled_from(VICTIMS),
    moves=st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999), st.booleans()), min_size=1, max_size=3),
)
def test_moved_and_copied_elements_never_verify_with_other_content(
    victim: bytes, moves: list[tuple[int, int, bool]]
) -> None:
    root = etree.fromstring(victim)
    for what, where, copied in moves:
        elements = list(root.iter())
        moved, target = elements[what % len(elements)], elements[where % len(elements)]
        if copied:
            moved = copy.deepcopy(moved)
        if not any(ancestor is moved for ancestor in (target, *target.iterancestors())) and moved is not root:
            target.insert(where % (len(target) + 1), moved)
    judge(etree.tostring(root))


STRANGE = sign_xml(DOCUMENT.replace(b"fit &amp; well", b"unfit"), identity=PEOPLE.stranger, at=AT)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(victim=st.sampled_from(VICTIMS), random=RANDOMS)
def test_changed_structure_never_verifies_with_other_content(victim: bytes, random: Random) -> None:
    """References, identifiers, algorithms and certificates exchanged, elements of another's signature put in."""
    judge(mutate_xml(victim, random, (*VICTIMS, STRANGE)))


@pytest.mark.filterwarnings("ignore::UserWarning")  # cryptography warns of odd names and numbers
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_damaged_certificates_raise_nothing_else(place: float, byte: int) -> None:
    """A certificate with one changed byte, whose digest the signer signed: the parsers of certificates meet odd DER."""
    damaged = bytearray(PEOPLE.doctor.certificate.public_bytes(Encoding.DER))
    damaged[int(place * len(damaged))] = byte

    def edit(signature: f.Element) -> None:
        f.set_text(signature, ".//ds:X509Certificate", base64.b64encode(damaged))
        digest = hashlib.sha256(damaged).digest()
        f.set_text(signature, ".//xades:CertDigest/ds:DigestValue", base64.b64encode(digest))

    judge(f.forge(PEOPLE.doctor, edit=edit))


@settings(max_examples=100, deadline=None)
@given(raw=st.one_of(st.binary(), st.text().map(str.encode)))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(VerificationFailed):
        verify_xml(raw, trust=TRUST, at=AT)
