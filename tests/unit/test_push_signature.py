"""The signature of a push: made by hand, checked by another's library, and refused in every other shape."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigError, NotAuthenticated
from gateway.keyring import Keyring
from gateway.push_signature import (
    COMPONENTS,
    LIFETIME_S,
    SKEW_S,
    TAG,
    PushVerifier,
    RequestSigner,
    SignedPush,
    target_uri,
)
from signing import Identity
from signing.issuing import issue, issue_authority

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
URL = "https://fund.example/deliveries"
BODY = b"a sealed envelope"
AUTHORITY = issue_authority("An Authority", at=NOW)
GATEWAY = issue(AUTHORITY, "The Gateway", at=NOW)
STRANGER = issue(AUTHORITY, "A Stranger", at=NOW)
VERIFIER = PushVerifier(certificates=[GATEWAY.certificate], url=URL)
DELIVERY = str(uuid.UUID(int=1))
FIELDS = {
    "User-Agent": "sealpost/1",
    "Content-Type": "application/pkcs7-mime",
    "Sealpost-Delivery-Id": DELIVERY,
    "Sealpost-Submission-Id": str(uuid.UUID(int=2)),
    "Sealpost-Envelope-Digest": "sha256:00",
    "Sealpost-Attempt": "1",
}
Lines = list[tuple[str, str]]


def signed(identity: Identity = GATEWAY, *, url: str = URL, body: bytes = BODY, at: datetime = NOW) -> Lines:
    signer = RequestSigner(Keyring.single(identity))
    return list((FIELDS | signer.sign(method="POST", url=url, fields=FIELDS, body=body, at=at)).items())


def signed_otherwise(identity: Identity = GATEWAY, *, lines: Lines | None = None, **changes: Any) -> Lines:
    """A push that the holder of the key signed in another way than agreed."""
    key = identity.key
    assert isinstance(key, EllipticCurvePrivateKey)
    name = GATEWAY.fingerprint
    signer = HTTPMessageSigner(
        signature_algorithm=ECDSA_P256_SHA256, key_resolver=MappingKeyResolver(public_keys={}, private_keys={name: key})
    )
    message = SimpleNamespace(method="POST", url=URL, headers=dict(lines or signed()))
    agreed: dict[str, Any] = {
        "key_id": name,
        "created": NOW,
        "expires": NOW + timedelta(seconds=LIFETIME_S),
        "nonce": "n",
        "label": "sealpost",
        "tag": TAG,
        "covered_component_ids": COMPONENTS,
        "use_existing_digest": True,
    }
    signer.sign(message, **(agreed | changes))
    return list(message.headers.items())


def check(lines: Lines, *, verifier: PushVerifier = VERIFIER, method: str = "POST", at: datetime = NOW) -> SignedPush:
    return verifier.check(method=method, fields=lines, at=at)


def changed(name: str, change: Callable[[str], str], lines: Lines | None = None) -> Lines:
    lines = lines or signed()
    assert any(each == name for each, _ in lines)
    return [(each, change(value) if each == name else value) for each, value in lines]


def without(name: str) -> Lines:
    return [line for line in signed() if line[0] != name]


def test_what_the_gateway_signs_an_independent_library_verifies() -> None:
    push = check(signed())
    assert push.delivery_id == DELIVERY
    push.check_body(BODY)


def test_a_signature_otherwise_made_but_as_agreed_counts_too() -> None:
    assert check(signed_otherwise()).delivery_id == DELIVERY


def test_names_of_fields_have_no_case_and_two_tries_have_two_nonces() -> None:
    assert check([(name.lower(), value) for name, value in signed()]).delivery_id == DELIVERY
    assert dict(signed())["Signature-Input"] != dict(signed())["Signature-Input"]


def test_another_body_is_refused() -> None:
    push = check(signed())
    for body in (b"", BODY + b"\n", BODY[:-1]):
        with pytest.raises(NotAuthenticated) as refused:
            push.check_body(body)
        assert refused.value.code == "content-digest-mismatch"


OTHER_DIGEST = dict(signed(body=b"another body"))["Content-Digest"]
ANOTHERS = signed(STRANGER)
FORGED: dict[str, Callable[[], Lines]] = {
    "moved from another address": lambda: signed(url="https://attacker.example/deliveries"),
    "moved from another path": lambda: signed(url="https://fund.example/other"),
    "moved from http": lambda: signed(url="http://fund.example/deliveries"),
    "another content type": lambda: changed("Content-Type", lambda _: "text/html"),
    "another delivery": lambda: changed("Sealpost-Delivery-Id", lambda _: str(uuid.UUID(int=3))),
    "another submission": lambda: changed("Sealpost-Submission-Id", lambda _: str(uuid.UUID(int=3))),
    "another envelope": lambda: changed("Sealpost-Envelope-Digest", lambda _: "sha256:01"),
    "another attempt": lambda: changed("Sealpost-Attempt", lambda _: "2"),
    "another digest": lambda: changed("Content-Digest", lambda _: OTHER_DIGEST),
    "a digest more": lambda: changed("Content-Digest", lambda each: f"{each}, sha-512=:AAAA:"),
    "a digest without": lambda: without("Content-Digest"),
    "a field without": lambda: without("Sealpost-Delivery-Id"),
    "a field twice": lambda: [*signed(), ("Sealpost-Delivery-Id", DELIVERY)],
    "a field twice, another first": lambda: [("Sealpost-Delivery-Id", str(uuid.UUID(int=3))), *signed()],
    "a folded field": lambda: changed("Sealpost-Delivery-Id", lambda each: each[:8] + "\r\n " + each[8:]),
    "a line end in a field": lambda: changed("Sealpost-Delivery-Id", lambda each: f'{each}\n"@method": GET'),
    "letters beyond ASCII": lambda: changed("Sealpost-Attempt", lambda _: "¹"),
    "a stranger's key": lambda: signed(STRANGER),
    "a stranger's key under our name": lambda: signed_otherwise(STRANGER),
    "a stranger's signature under ours": lambda: changed("Signature", lambda _: dict(ANOTHERS)["Signature"]),
    "no key named": lambda: changed("Signature-Input", lambda each: each.replace(GATEWAY.fingerprint, "")),
    "a changed nonce": lambda: changed("Signature-Input", lambda each: each.replace('nonce="', 'nonce="0')),
    "a later end": lambda: changed("Signature-Input", lambda each: each.replace("expires=1", "expires=2")),
    "created a moment later": lambda: changed("Signature-Input", lambda each: each.replace("created=1", "created=2")),
    "another algorithm": lambda: changed("Signature-Input", lambda each: each.replace("ecdsa-p256-sha256", "ed25519")),
    "HMAC with what is public": lambda: changed("Signature-Input", lambda e: e.replace("ecdsa-p256", "hmac")),
    "no algorithm": lambda: signed_otherwise(include_alg=False),
    "no end": lambda: signed_otherwise(expires=None),
    "no nonce": lambda: signed_otherwise(nonce=None),
    "no tag": lambda: signed_otherwise(tag=None),
    "another tag": lambda: signed_otherwise(tag="sealpost-receipt"),
    "the body uncovered": lambda: signed_otherwise(
        covered_component_ids=[each for each in COMPONENTS if each != "content-digest"]
    ),
    "the address uncovered": lambda: signed_otherwise(
        covered_component_ids=[each for each in COMPONENTS if each != "@target-uri"]
    ),
    "nothing covered": lambda: signed_otherwise(covered_component_ids=[]),
    "a component more": lambda: signed_otherwise(covered_component_ids=[*COMPONENTS, "user-agent"]),
    "another order": lambda: signed_otherwise(covered_component_ids=list(reversed(COMPONENTS))),
    "a component in another form": lambda: signed_otherwise(
        covered_component_ids=['"content-digest";sf' if each == "content-digest" else each for each in COMPONENTS]
    ),
    "one member of the digest": lambda: signed_otherwise(
        covered_component_ids=['"content-digest";key="sha-256"' if e == "content-digest" else e for e in COMPONENTS]
    ),
    "two of ours, both valid": lambda: signed_otherwise(label="more", append_if_signature_exists=True),
    "two, the second a stranger's": lambda: signed_otherwise(STRANGER, label="more", append_if_signature_exists=True),
    "two, the first a stranger's": lambda: signed_otherwise(
        lines=signed(STRANGER), label="more", append_if_signature_exists=True
    ),
    "one label twice": lambda: [
        *signed(),
        ("Signature-Input", dict(ANOTHERS)["Signature-Input"]),
        ("Signature", dict(ANOTHERS)["Signature"]),
    ],
    "no signature": lambda: without("Signature"),
    "a signature of another label": lambda: changed("Signature", lambda each: each.replace("sealpost=", "other=")),
    "a signature that is a text": lambda: changed("Signature", lambda _: 'sealpost="signed"'),
    "an empty signature": lambda: changed("Signature", lambda _: "sealpost=::"),
    "a signature of noughts": lambda: changed("Signature", lambda _: f"sealpost=:{'A' * 86}==:"),
    "an input that is a text": lambda: changed("Signature-Input", lambda _: 'sealpost="x"'),
    "an empty input": lambda: changed("Signature-Input", lambda _: ""),
    "rubbish": lambda: changed("Signature-Input", lambda _: "\x00("),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_moved_or_thinner_signature_is_refused(case: str) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        check(FORGED[case]())
    assert refused.value.code == "push-signature-invalid"


def test_another_method_is_refused() -> None:
    with pytest.raises(NotAuthenticated, match="push-signature-invalid"):
        check(signed(), method="PUT")


def test_no_signature_at_all_has_its_own_code() -> None:
    with pytest.raises(NotAuthenticated, match="push-signature-missing"):
        check(list(FIELDS.items()))


def test_a_proxys_own_signature_beside_ours_does_no_harm() -> None:
    lines = signed_otherwise(STRANGER, tag="proxy", label="proxy", append_if_signature_exists=True)
    assert "proxy=" in dict(lines)["Signature"]
    assert check(lines).delivery_id == DELIVERY


@pytest.mark.parametrize(
    ("late_s", "is_fresh"),
    [
        (0, True),
        (LIFETIME_S + SKEW_S, True),
        (LIFETIME_S + SKEW_S + 1, False),
        (-SKEW_S, True),
        (-SKEW_S - 1, False),
        (86_400, False),
        (-86_400, False),
    ],
)
def test_a_signature_counts_for_minutes_only(late_s: int, is_fresh: bool) -> None:
    lines, at = signed(at=NOW + timedelta(days=2)), NOW + timedelta(days=2, seconds=late_s)
    if is_fresh:
        assert check(lines, at=at).delivery_id == DELIVERY
        return
    with pytest.raises(NotAuthenticated) as refused:
        check(lines, at=at)
    assert refused.value.code == "push-signature-not-fresh"


@pytest.mark.parametrize("lasts_s", [LIFETIME_S + 1, 0, -1])
def test_a_signature_that_would_last_longer_or_not_at_all_is_refused(lasts_s: int) -> None:
    with pytest.raises(NotAuthenticated, match="push-signature-not-fresh"):
        check(signed_otherwise(expires=NOW + timedelta(seconds=lasts_s)))


def test_a_certificate_counts_while_it_is_valid() -> None:
    early = NOW - timedelta(days=1)
    with pytest.raises(NotAuthenticated, match="push-signature-invalid"):
        check(signed(at=early), at=early)
    short = issue(AUTHORITY, "The Gateway", at=NOW, days=1)
    verifier, end = replace(VERIFIER, certificates=[short.certificate]), NOW + timedelta(days=1)
    lines = signed(short, at=end - timedelta(seconds=5))
    assert check(lines, verifier=verifier, at=end).delivery_id == DELIVERY
    with pytest.raises(NotAuthenticated, match="push-signature-invalid"):
        check(lines, verifier=verifier, at=end + timedelta(seconds=1))


def test_two_certificates_are_known_while_one_replaces_the_other() -> None:
    verifier = replace(VERIFIER, certificates=[GATEWAY.certificate, STRANGER.certificate])
    assert check(signed(STRANGER), verifier=verifier).delivery_id == DELIVERY


@pytest.mark.parametrize("kind", ["p384", "rsa2048"])
def test_a_key_that_cannot_sign_pushes_is_refused_at_the_start(kind: Any) -> None:
    with pytest.raises(ConfigError, match="push-identity"):
        RequestSigner(Keyring.single(issue(AUTHORITY, "The Gateway", key=kind, at=NOW)))


@pytest.mark.parametrize(
    ("url", "signed_as"),
    [
        ("HTTPS://Fund.EXAMPLE:443/A?b=C", "https://fund.example/A?b=C"),
        ("http://fund.example:80", "http://fund.example/"),
        ("http://fund.example:8080?x=1", "http://fund.example:8080/?x=1"),
        ("http://[2A01::1]:81/", "http://[2a01::1]:81/"),
        ("https://fund.example:80/", "https://fund.example:80/"),
    ],
)
def test_one_address_is_signed_one_way(url: str, signed_as: str) -> None:
    assert target_uri(url) == signed_as
    assert check(signed(url=url), verifier=replace(VERIFIER, url=url)).delivery_id == DELIVERY


TEXT = st.text(max_size=80)


@given(TEXT, TEXT)
def test_whatever_a_stranger_writes_there_is_one_answer(signature_input: str, signature: str) -> None:
    with pytest.raises(NotAuthenticated):
        check([*FIELDS.items(), ("Signature-Input", signature_input), ("Signature", signature)])


@given(st.sampled_from(["Signature-Input", "Signature"]), st.integers(0, 500), st.characters(codec="latin-1"))
def test_one_changed_letter_is_never_taken_for_a_signature(name: str, place: int, letter: str) -> None:
    lines = signed()
    value = dict(lines)[name]
    other = value[: place % len(value)] + letter + value[place % len(value) + 1 :]
    if other == value:
        return
    try:
        push = check([(each, other if each == name else text) for each, text in lines])
    except NotAuthenticated:
        return
    # The last digits of base64 may differ and mean the same, and so may one blank and another.
    push.check_body(BODY)
    assert push.delivery_id == DELIVERY
