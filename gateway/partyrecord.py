"""A party of the register, and the key that is kept for it, as text: what the journal binds of them."""

from __future__ import annotations

import json
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.model import Endpoint, EndpointKind, HostedKey, Mandate, Party, PartyId, instant_text


def party_record(party: Party) -> str:
    """A party as JSON text; certificates as PEM. What came to the register later stands in it only where it is used:
    the text of an earlier party stays what the journal binds."""
    seal, further = party.sealing_certificate, party.further_notice
    return json.dumps(
        {
            "id": party.id,
            "name": party.name,
            "roles": sorted(party.roles),
            "identifiers": dict(party.identifiers),
            "masked": dict(party.masked),
            "signing": [pem_of(certificate) for certificate in party.signing_certificates],
            "sealing": None if seal is None else pem_of(seal),
            "endpoint": [party.endpoint.kind, party.endpoint.url, party.endpoint.ca_certificate],
            "mandates": [[mandate.principal, list(mandate.kinds)] for mandate in party.mandates],
            "postal": list(party.postal),
            **({} if further is None else {"furtherNotice": [further.url, further.ca_certificate]}),
        }
    )


@lru_cache(maxsize=4096)
def party_of(record: str) -> Party:
    """The party of a record; parsed once per record text, because loading certificates costs."""
    data = json.loads(record)
    kind, url, ca = data["endpoint"]
    further = data.get("furtherNotice")
    return Party(
        id=PartyId(data["id"]),
        name=data["name"],
        roles=frozenset(data["roles"]),
        identifiers=data["identifiers"],
        masked=data["masked"],
        signing_certificates=tuple(x509.load_pem_x509_certificate(pem.encode()) for pem in data["signing"]),
        sealing_certificate=data["sealing"] and x509.load_pem_x509_certificate(data["sealing"].encode()),
        endpoint=Endpoint(kind=EndpointKind(kind), url=url, ca_certificate=ca),
        further_notice=further and Endpoint(kind=EndpointKind.MAILBOX, url=further[0], ca_certificate=further[1]),
        mandates=tuple(Mandate(principal=PartyId(who), kinds=tuple(kinds)) for who, kinds in data["mandates"]),
        postal=tuple(data["postal"]),
    )


def hosted_key_record(key: HostedKey) -> str:
    """A hosted key as JSON text: its certificate as PEM, wrapped as hex."""
    return json.dumps(
        {
            "party": key.party,
            "certificate": pem_of(key.certificate),
            "wrapped": key.wrapped.hex(),
            "wrappedFor": key.wrapped_for,
            "madeAt": instant_text(key.made_at),
        }
    )


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM text."""
    return certificate.public_bytes(Encoding.PEM).decode()
