"""Checkpoints, cosignatures and log proofs: the specification's own example, and what is refused."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import (
    Checkpoint,
    KeyUnavailable,
    MemoryNodes,
    NoteKey,
    NoteSigner,
    SignedCheckpoint,
    Tree,
    VerificationFailed,
    add_cosignatures,
    build_log_proof,
    cosign,
    leaf_hash,
    new_note_key,
    note_signer_from_pem,
    parse_note_key,
    read_checkpoint,
    read_log_proof,
    sign_checkpoint,
    verify_log_proof,
)
from signing.transparency.notes import SignatureType, parse_note, verify_signature

AT = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
ORIGIN = "sealpost.example/journal"
LOG = NoteSigner(name=ORIGIN, key=Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WITNESS = NoteSigner(name="witness.example/w1", key=Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
SECOND = NoteSigner(name="witness.example/w2", key=Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))))
ENTRIES = [f"entry {number}".encode() for number in range(5)]
TREE = Tree(MemoryNodes())
TREE.append([leaf_hash(entry) for entry in ENTRIES])
CHECKPOINT = Checkpoint(origin=ORIGIN, size=5, root=TREE.root())
NOTE = sign_checkpoint(CHECKPOINT, signer=LOG)
COSIGNED = add_cosignatures(NOTE, cosign(NOTE, signer=WITNESS, at=AT))
PROOF = build_log_proof(3, TREE.inclusion_proof(3), COSIGNED)


def refused(note: bytes, **options: object) -> str:
    with pytest.raises(VerificationFailed) as failed:
        read_checkpoint(note, **{"log": LOG.verifier, **options})  # type: ignore[arg-type]
    return failed.value.code


def read(note: bytes = COSIGNED, *witnesses: NoteKey, quorum: int = 0) -> SignedCheckpoint:
    return read_checkpoint(note, log=LOG.verifier, witnesses=witnesses, quorum=quorum)


def test_the_example_of_the_specification() -> None:
    """The note of C2SP signed-note, whose key its text names."""
    note = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    ).encode()
    key = parse_note_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    verify_signature(parse_note(note), key=key)
    assert str(key) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    with pytest.raises(VerificationFailed):
        verify_signature(parse_note(note.replace(b"answer", b"reason")), key=key)


def test_a_checkpoint_comes_back_with_those_who_saw_it() -> None:
    found = read(COSIGNED, WITNESS.cosigner, SECOND.cosigner, quorum=1)
    assert found == SignedCheckpoint(checkpoint=CHECKPOINT, note=COSIGNED, cosigned={WITNESS.name: AT})
    assert NOTE.startswith(b"sealpost.example/journal\n5\n")


def test_an_identity_on_p256_signs_checkpoints() -> None:
    signer = NoteSigner(name=ORIGIN, key=ec.generate_private_key(ec.SECP256R1()))
    note = sign_checkpoint(CHECKPOINT, signer=signer)
    assert read_checkpoint(note, log=parse_note_key(str(signer.verifier))).checkpoint == CHECKPOINT
    assert refused(note) == "checkpoint-unsigned"
    with pytest.raises(KeyUnavailable):
        cosign(note, signer=signer, at=AT)


def test_other_keys_sign_no_notes() -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        with pytest.raises(KeyUnavailable) as failed:
            sign_checkpoint(CHECKPOINT, signer=NoteSigner(name=ORIGIN, key=key))
        assert failed.value.code == "key-not-allowed"


def test_keys_survive_as_text() -> None:
    for key in (LOG.verifier, WITNESS.cosigner):
        assert parse_note_key(str(key)) == key
    assert LOG.verifier.key_id != NoteKey(name=ORIGIN, kind=SignatureType.COSIGNATURE, key=LOG.verifier.key).key_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+",
        f"{LOG.verifier}x",
        str(LOG.verifier).replace("+", "+0", 1),
        f"other{LOG.verifier}",
        "a b+00000000+AQ==",
        "name+00000000+" + base64.b64encode(b"\x09" + bytes(32)).decode(),
        "name+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_what_is_no_note_key(text: str) -> None:
    with pytest.raises(KeyUnavailable) as failed:
        parse_note_key(text)
    assert failed.value.code == "key-unreadable"


def test_a_key_is_kept_as_pem() -> None:
    plain, locked = new_note_key(), new_note_key(password=b"secret")
    signer = note_signer_from_pem(plain, name=ORIGIN)
    assert read_checkpoint(sign_checkpoint(CHECKPOINT, signer=signer), log=signer.verifier).checkpoint == CHECKPOINT
    assert note_signer_from_pem(locked, name=ORIGIN, password=b"secret").verifier
    keys: dict[str, ec.EllipticCurvePrivateKey | X25519PrivateKey] = {
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "x": X25519PrivateKey.generate(),
    }
    others = {kind: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) for kind, key in keys.items()}
    for pem, password, code in (
        (locked, None, "password-wrong"),
        (locked, b"other", "password-wrong"),
        (plain, b"secret", "password-wrong"),
        (b"no key", None, "key-unreadable"),
        (others["p384"], None, "key-not-allowed"),
        (others["x"], None, "key-not-allowed"),
    ):
        with pytest.raises(KeyUnavailable) as failed:
            note_signer_from_pem(pem, name=ORIGIN, password=password)
        assert failed.value.code == code


def test_names_of_keys_are_one_word() -> None:
    for name in ("", "two words", "a+b", "a\u00a0b", "line\n"):
        with pytest.raises(ValueError):
            NoteKey(name=name, kind=SignatureType.ED25519, key=LOG.verifier.key)


def test_a_log_is_known_by_its_key_and_origin() -> None:
    other = NoteSigner(name=ORIGIN, key=WITNESS.key)
    assert refused(sign_checkpoint(CHECKPOINT, signer=other)) == "checkpoint-unsigned"
    elsewhere = Checkpoint(origin="other.example/log", size=5, root=TREE.root())
    assert refused(sign_checkpoint(elsewhere, signer=LOG)) == "checkpoint-of-another-log"
    assert refused(NOTE, origin="other.example/log") == "checkpoint-of-another-log"
    stolen = sign_checkpoint(CHECKPOINT, signer=other).replace(other.verifier.key_id, LOG.verifier.key_id)
    lines = stolen.rsplit(b"\xe2\x80\x94", 1)
    raw = base64.b64decode(lines[1].split()[1])
    forged = LOG.verifier.key_id + raw[4:]
    note = lines[0] + f"— {ORIGIN} {base64.b64encode(forged).decode()}\n".encode()
    assert refused(note) == "checkpoint-signature-invalid"


def test_a_second_line_that_claims_the_same_key_must_hold_too() -> None:
    line = f"— {ORIGIN} {base64.b64encode(LOG.verifier.key_id + bytes(64)).decode()}\n".encode()
    assert refused(NOTE + line) == "checkpoint-signature-invalid"
    assert read(NOTE + line.replace(b"journal", b"another")).checkpoint == CHECKPOINT


def test_cosignatures_are_counted_by_witness_and_must_hold() -> None:
    assert refused(NOTE, witnesses=[WITNESS.cosigner], quorum=1) == "cosignatures-missing"
    assert refused(COSIGNED, witnesses=[WITNESS.cosigner, SECOND.cosigner], quorum=2) == "cosignatures-missing"
    twice = add_cosignatures(COSIGNED, cosign(NOTE, signer=WITNESS, at=AT + timedelta(hours=1)))
    assert refused(twice, witnesses=[WITNESS.cosigner], quorum=2) == "cosignatures-missing"
    bad = f"— {SECOND.name} {base64.b64encode(SECOND.cosigner.key_id + bytes(72)).decode()}\n".encode()
    assert refused(COSIGNED + bad, witnesses=[SECOND.cosigner]) == "cosignature-invalid"
    assert read(COSIGNED + bad, WITNESS.cosigner, quorum=1).cosigned == {WITNESS.name: AT}


def test_a_cosignature_is_bound_to_its_time_and_its_checkpoint() -> None:
    line = cosign(NOTE, signer=WITNESS, at=AT).decode()
    raw = bytearray(base64.b64decode(line.split()[2]))
    raw[11] ^= 1
    moved = f"— {WITNESS.name} {base64.b64encode(raw).decode()}\n".encode()
    assert refused(NOTE + moved, witnesses=[WITNESS.cosigner]) == "cosignature-invalid"
    smaller = sign_checkpoint(Checkpoint(origin=ORIGIN, size=4, root=TREE.root(4)), signer=LOG)
    assert refused(smaller + line.encode(), witnesses=[WITNESS.cosigner]) == "cosignature-invalid"


def test_a_plain_signature_of_a_witness_is_no_cosignature() -> None:
    plain = sign_checkpoint(CHECKPOINT, signer=WITNESS).split(b"\n\n")[1]
    assert refused(NOTE + plain, witnesses=[WITNESS.cosigner], quorum=1) == "cosignatures-missing"
    assert refused(NOTE + plain, witnesses=[WITNESS.verifier], quorum=1) == "cosignature-invalid"


@pytest.mark.parametrize(
    "change",
    [
        lambda note: note.replace(b"\n5\n", b"\n05\n"),
        lambda note: note.replace(b"\n5\n", b"\n-5\n"),
        lambda note: note.replace(b"\n5\n", b"\n5\nextension\n"),
        lambda note: note.replace(b"\n5\n", b"\n9223372036854775808\n"),
        lambda note: note.replace(b"\n5\n", "\n٥\n".encode()),
        lambda note: note.replace(b"\n5\n", b"\n5\t\n"),
        lambda note: note.replace(b"=\n\n", b"\n\n"),
        lambda note: note.replace(b"\n\n", b"\n"),
        lambda note: note[:-1],
        lambda note: note + b"\n",
        lambda note: note + b"text\n",
        lambda note: note.replace("—".encode(), b"-"),
        lambda note: note.split(b"\n\n")[0] + b"\n\n",
        lambda note: note + note.split(b"\n\n")[1] * 64,
        lambda note: note + b"\xff\n",
        lambda note: note + b" " * 70_000,
        lambda note: b"",
    ],
)
def test_a_checkpoint_is_written_in_one_way(change: object) -> None:
    assert refused(change(NOTE)) == "checkpoint-unreadable"  # type: ignore[operator]


def test_lines_of_witnesses_are_read_strictly() -> None:
    for lines in (b"", b"\xff\n", b"anything\n", cosign(NOTE, signer=WITNESS, at=AT)[:-1]):
        with pytest.raises(VerificationFailed) as failed:
            add_cosignatures(NOTE, lines)
        assert failed.value.code == "checkpoint-unreadable"
    assert add_cosignatures(COSIGNED, cosign(NOTE, signer=WITNESS, at=AT)) == COSIGNED


def test_a_log_proof_holds_for_its_entry_and_no_other() -> None:
    options = {"log": LOG.verifier, "witnesses": [WITNESS.cosigner], "quorum": 1}
    assert verify_log_proof(PROOF, ENTRIES[3], **options).checkpoint == CHECKPOINT  # type: ignore[arg-type]
    with pytest.raises(VerificationFailed) as failed:
        verify_log_proof(PROOF, ENTRIES[2], **options)  # type: ignore[arg-type]
    assert failed.value.code == "inclusion-unproven"
    assert PROOF.startswith(b"c2sp.org/tlog-proof@v1\nindex 3\n")


def test_extra_data_in_a_log_proof_is_passed_over() -> None:
    with_extra = PROOF.replace(b"index", b"extra AAAA\nindex", 1)
    assert read_log_proof(with_extra) == read_log_proof(PROOF)


@pytest.mark.parametrize(
    "change",
    [
        lambda proof: proof.replace(b"@v1", b"@v2"),
        lambda proof: proof.replace(b"index 3", b"index 03"),
        lambda proof: proof.replace(b"index 3", b"index x"),
        lambda proof: proof.replace(b"index 3\n", b""),
        lambda proof: proof.replace(b"=\n", b"\n", 1),
        lambda proof: proof.replace(b"index 3\n", b"index 3\nAAAA\n"),
        lambda proof: proof.replace(b"index 3\n", b"index 3\n" + b"A" * 43 + b"=\n" * 64),
        lambda proof: proof.replace(b"index 3\n", b"index 3\n!\n"),
        lambda proof: proof.replace(b"\n\n", b"\n"),
        lambda proof: proof + b" " * 80_000,
        lambda proof: "é".encode() + proof,
        lambda proof: b"",
    ],
)
def test_a_log_proof_is_written_in_one_way(change: object) -> None:
    with pytest.raises(VerificationFailed) as failed:
        read_log_proof(change(PROOF))  # type: ignore[operator]
    assert failed.value.code == "proof-unreadable"


@settings(max_examples=300)
@given(st.integers(0, len(PROOF) - 1), st.integers(1, 255))
def test_no_changed_byte_of_a_log_proof_goes_unnoticed(place: int, change: int) -> None:
    """Except in what nobody signs: which witness's line it is that does not count, here refused by the quorum."""
    changed = PROOF[:place] + bytes((PROOF[place] ^ change,)) + PROOF[place + 1 :]
    with pytest.raises(VerificationFailed):
        verify_log_proof(changed, ENTRIES[3], log=LOG.verifier, witnesses=[WITNESS.cosigner], quorum=1)
