"""The heaviest inputs that the three readers of hostile bytes let in, or nearly: run as a program, with bounds.

It prints what became of each. With too little memory or processor time it dies.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.examination import examine
from signing import (
    SealingFailed,
    ValidationPolicy,
    assess_xml,
    build_package,
    issue,
    open_sealed,
    read_container,
    seal,
    sign_cades,
    sign_xml,
    stamp_xml,
)
from signing.asic import MAX_BYTES, MAX_ENTRIES
from signing.container import build_container
from signing.formats.xades.profile import MAX_SIGNATURES
from tests.packages import EXPORTED, make_parts, make_world
from tests.signing.pki import AT, DOCUMENT, make_people
from tests.signing.stamping import TIME_TRUST, stamper

MIB = 1024 * 1024
CPU_S = 60  # what takes a second here; what is quadratic takes minutes
MEMORY = 512 * MIB
PEOPLE = make_people()
POLICY = ValidationPolicy(signers=PEOPLE.trust, timestamps=TIME_TRUST)
SIGNED = sign_xml(DOCUMENT, identity=PEOPLE.doctor, at=AT)
SEALED, SEAL = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"
RECORDED, RECORD = "META-INF/ASiCEvidenceRecordManifest001.xml", "META-INF/evidencerecord001.ers"
Case = tuple[str, Callable[[], str]]


def document_with(inside: bytes) -> bytes:
    return DOCUMENT.replace(b"fit &amp; well", inside)


def filled(unit: bytes, *, spare: int = 8192) -> bytes:
    """As much of it as a document may have."""
    return unit * ((MIB - len(SIGNED) - spare) // len(unit))


def judged(raw: bytes) -> Callable[[], str]:
    def judge() -> str:
        found = assess_xml(raw, policy=POLICY, validation_time=AT + timedelta(days=1))
        return found.indication.value

    return judge


def documents() -> Iterator[Case]:
    namespaces = b" ".join(b'xmlns:n%d="urn:%d"' % (number, number) for number in range(4000))
    attributes = b" ".join(b'a%d="1"' % number for number in range(250))
    deep = b"<f:p>" * 250 + b"</f:p>" * 250
    for name, inside in (
        ("many elements", filled(b"<f:p/>")),
        ("many attributes", filled(b"<f:p " + attributes + b"/>")),
        ("many namespaces", b"<f:p " + namespaces + b">" + filled(b"<n7:p/>", spare=200_000) + b"</f:p>"),
        ("deep", filled(deep)),
    ):
        yield name, judged(sign_xml(document_with(inside), identity=PEOPLE.doctor, at=AT))
    signed = document_with(filled(b"<f:p/>", spare=100_000))
    for _ in range(MAX_SIGNATURES):
        signed = sign_xml(signed, identity=PEOPLE.doctor, at=AT)
    yield "as many signatures as may be", judged(signed)
    namesake = b64encode(PEOPLE.stranger.certificate.public_bytes(Encoding.DER))
    more = filled(b"<ds:X509Certificate>" + namesake + b"</ds:X509Certificate>")
    yield "many certificates", judged(SIGNED.replace(b"</ds:X509Data>", more + b"</ds:X509Data>"))
    stamped = stamp_xml(SIGNED, timestamper=stamper(AT), at=AT)
    (stamp,) = re.findall(rb"<xades:SignatureTimeStamp.*?</xades:SignatureTimeStamp>", stamped, re.DOTALL)
    again = b"".join(
        re.sub(rb'Id="[^"]*"', b'Id="t%d"' % number, stamp) for number in range((MIB - len(stamped)) // len(stamp))
    )
    yield "many time stamps", judged(stamped.replace(stamp, stamp + again))
    yield "many values that could be an Id", judged(SIGNED.replace(b"fit &amp; well", filled(b"d= ")))
    yield "too large", judged(SIGNED + b" " * 20 * MIB)


def envelopes() -> Iterator[Case]:
    desk = PEOPLE.desks["p256"]
    others = [issue(PEOPLE.authority, f"Desk {number}", use="seal", at=AT).certificate for number in range(63)]
    sealed = seal(bytes(30 * MIB), recipients=[*others, desk.certificate])

    def opened(raw: bytes) -> Callable[[], str]:
        def judge() -> str:
            try:
                return f"{len(open_sealed(raw, identity=desk)) // MIB} MiB"
            except SealingFailed as failed:
                return failed.code

        return judge

    yield "a large envelope for many", opened(sealed)
    yield "the same, altered", opened(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    yield "values in values", opened(b"\x30\x83\xff\xff\xff" * (6 * MIB))


def packages() -> Iterator[Case]:
    world = make_world()
    parts = make_parts(world)
    grounds = world.grounds()

    def examined(files: dict[str, bytes]) -> Callable[[], str]:
        raw = build_container(files, max_bytes=MAX_BYTES, max_entries=MAX_ENTRIES)
        return lambda: examine(raw, grounds=grounds).indication.value

    entries = read_container(parts.pack())
    manifest, record = (entries[name] for name in (RECORDED, RECORD))
    for number in range(100, 2000):
        entries[RECORDED.replace("001", str(number))] = manifest.replace(b"record001", b"record%d" % number)
        entries[RECORD.replace("001", str(number))] = record
    yield "many records", examined(entries)
    files = {**parts.files, "rendition-nl.pdf": bytes(50 * MIB)}
    raw = build_package(files, records=parts.records, identity=world.service, at=EXPORTED)
    entries = read_container(raw, max_bytes=MAX_BYTES)
    for number in range(100, 1000):
        listed = entries[SEALED].replace(b"signature001", b"signature%d" % number)
        entries[SEALED.replace("001", str(number))] = listed
        entries[SEAL.replace("001", str(number))] = sign_cades(listed, identity=world.service, at=EXPORTED)
    yield "many seals over a large file", examined(entries)


if __name__ == "__main__":
    cases = [*documents(), *envelopes(), *packages()]
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_CPU, (spent + CPU_S, spent + CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
    sys.stdout.write(json.dumps({name: judge() for name, judge in cases}))
