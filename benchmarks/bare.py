"""The floor of a submission and of a delivery: their cryptography and libxml2 work by the bare libraries.

Keys, schemas and parsers are made beforehand. Processor time of this thread, the best of a few rounds.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from lxml import etree

from benchmarks.counter import KIND, RECIPIENTS, Counter

ROUNDS, TIMES = 5, 12
NOTE_BYTES = 1500
STATEMENTS = 1 + len(RECIPIENTS)  # the acceptance, and that each copy lies ready
FORMS = Path(__file__).resolve().parents[1] / "schemas"
_SHA256 = ec.ECDSA(hashes.SHA256())


class BareSteps:
    """Bare steps over the keys of a counter."""

    def __init__(self, counter: Counter) -> None:
        key = counter.signer.key
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key, self._public = key, key.public_key()
        self._parser = etree.XMLParser()
        self._schema = etree.XMLSchema(etree.parse(FORMS / KIND / "1" / "form.xsd"))
        self._note = secrets.token_bytes(NOTE_BYTES)
        self._proof = self._key.sign(self._note, _SHA256)

    def intake(self, form: bytes) -> float:
        """Seconds of one submission: verified, valid, a copy with note and evidence for each, the acceptance."""

        def steps() -> None:
            self._schema.validate(self._verified(form))
            self._seal_copies(form)
            self._sign(STATEMENTS)

        return _best(steps)

    def valid(self, form: bytes) -> float:
        """Seconds of a form parsed and valid."""
        return _best(lambda: self._schema.validate(etree.fromstring(form, self._parser)))

    def verified(self, form: bytes) -> float:
        """Seconds of a form parsed and its signature verified."""
        return _best(lambda: self._verified(form))

    def stated(self) -> float:
        """Seconds of the signatures under what is stated of a submission."""
        return _best(lambda: self._sign(STATEMENTS))

    def sealed(self, form: bytes) -> float:
        """Seconds of a copy for each recipient, sealed with a signed note."""
        return _best(lambda: self._seal_copies(form))

    def delivery(self, receipt: bytes, envelope: bytes) -> float:
        """Seconds of one delivery: body digested, push signed, receipt verified, hand-over evidence signed."""

        def steps() -> None:
            hashlib.sha256(envelope).digest()
            self._sign()
            self._verified(receipt)
            self._sign()

        return _best(steps)

    def _verified(self, document: bytes) -> etree._Element:
        """Parse, three canonical forms, their digests, ECDSA."""
        root = etree.fromstring(document, self._parser)
        signature = root[-1][0]
        for part in (root[0], signature[0], signature[3]):
            hashlib.sha256(etree.tostring(part, method="c14n", exclusive=True, with_comments=False)).digest()
        self._public.verify(self._proof, self._note, _SHA256)
        return root

    def _sign(self, times: int = 1) -> None:
        for _ in range(times):
            hashlib.sha256(self._note).digest()
            self._key.sign(self._note, _SHA256)

    def _seal_copies(self, form: bytes) -> None:
        for _ in RECIPIENTS:
            self._sign()
            self._seal(form)

    def _seal(self, form: bytes) -> None:
        content_key = secrets.token_bytes(32)
        AESGCM(content_key).encrypt(secrets.token_bytes(12), form + self._note, None)
        secret = ec.generate_private_key(ec.SECP256R1()).exchange(ec.ECDH(), self._public)
        aes_key_wrap(X963KDF(hashes.SHA256(), 32, b"info").derive(secret), content_key)


def _best(work: Callable[[], object]) -> float:
    work()
    return min(_timed(work) for _ in range(ROUNDS))


def _timed(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    for _ in range(TIMES):
        work()
    return (time.thread_time() - begun) / TIMES
