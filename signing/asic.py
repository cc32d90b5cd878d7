"""The evidence package: an ASiC-E container whose files are covered by signatures and evidence records.

Each of these stands in META-INF beside an ASiCManifest that names the files it is about with their digests: a detached
CAdES signature over that manifest (a seal), or an RFC 4998 evidence record over the file itself. Read strictly: only a
manifest of the one shape and what it names count, and every manifest names files by plain names. What is named and not
here, and what is here and not named, is told by name; whether the covered files are unchanged is a question of its own.

    META-INF/ASiCManifest001.xml                  -> META-INF/signature001.p7s
    META-INF/ASiCEvidenceRecordManifest001.xml    -> META-INF/evidencerecord001.ers

Source: ETSI EN 319 162-1, 4.4.4, 4.4.5 and annex A.4 (namespace http://uri.etsi.org/02918/v1.2.1#).
"""

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from lxml import etree

from signing.algorithms import DIGEST_ALGORITHMS, DIGESTS, SHA256_URI
from signing.container import build_container, is_plain, read_container, read_contents
from signing.errors import ContainerRejected, refusal
from signing.formats.cades import sign_cades, verify_cades
from signing.model import Identity, VerifiedSignature
from signing.parsing import NotXml, parse
from signing.records.record import read_record
from signing.records.verifying import is_shared
from signing.trust import TrustPolicy

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ENTRIES: Final = 4096

_ASIC: Final = "http://uri.etsi.org/02918/v1.2.1#"
_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_META: Final = "META-INF/"
_MANIFEST: Final = re.compile(r"META-INF/ASiC(EvidenceRecord|)Manifest([0-9]{3,4})\.xml", re.ASCII)
_PROOF: Final = {
    "": ("META-INF/signature{}.p7s", "application/pkcs7-signature"),
    "EvidenceRecord": ("META-INF/evidencerecord{}.ers", "application/ers"),
}
_PROOFS: Final = re.compile(r"META-INF/(?:signature([0-9]{3,4})\.p7s|evidencerecord([0-9]{3,4})\.ers)", re.ASCII)
_MEDIA_TYPES: Final = {"xml": "text/xml", "json": "application/json", "pdf": "application/pdf", "txt": "text/plain"}


@dataclass(frozen=True, kw_only=True)
class Covering:
    """What one seal or evidence record is about. Nothing in it is verified.

    name, raw: of the manifest. proof: the signature or the record. digests: file -> (name of the digest, digest).
    """

    name: str
    raw: bytes
    proof: bytes
    digests: Mapping[str, tuple[str, bytes]]


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that was taken apart. files: name -> bytes, all outside META-INF.

    missing: names of what something in the container names, and is not here. strays: of what nothing names; it stands
    in none of the others, so that it counts for nothing.
    """

    files: Mapping[str, bytes]
    seals: tuple[Covering, ...]
    records: tuple[Covering, ...]
    missing: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    _digests: dict[tuple[str, str], bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def digest_of(self, name: str, algorithm: str) -> bytes:
        """The digest of a file, which is computed once, however many seals and records cover it."""
        found = self._digests.get((name, algorithm))
        if found is None:
            found = self._digests[name, algorithm] = DIGESTS[algorithm](self.files[name]).digest()
        return found

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Files that no seal names."""
        covered = {name for seal in self.seals for name in seal.digests}
        return tuple(name for name in self.files if name not in covered)


def build_package(
    files: Mapping[str, bytes], *, records: Mapping[str, bytes], identity: Identity, at: datetime
) -> bytes:
    """A package of `files`, all of them sealed by `identity`.

    records: file -> evidence record over that file, in DER.
    at: claimed signing time, not proof of time.
    Raises ContainerRejected; KeyUnavailable if the algorithm policy does not let the key sign; VerificationFailed
    (record-unreadable).
    """
    meta: dict[str, bytes] = {}
    digests = {name: DIGESTS["sha256"](content).digest() for name, content in files.items()}
    names = {digest: name for name, digest in digests.items()}
    manifest = _write_manifest("", 1, digests)
    meta[_META + "ASiCManifest001.xml"] = manifest
    meta[_PROOF[""][0].format("001")] = sign_cades(manifest, identity=identity, at=at)
    for number, (name, record) in enumerate(records.items(), start=1):
        mark = f"{number:03}"
        kind = "EvidenceRecord"
        # What stands beside a file in the hash tree may be another one of this package: the record proves both.
        read = read_record(record)
        path = read.chains[0][0].path
        near = [names[digest] for digest in (path[0] if path else ()) if digest in names]
        beside = [each for each in near if is_shared(read, files[each])]
        covered = dict.fromkeys((name, *beside))
        meta[f"{_META}ASiC{kind}Manifest{mark}.xml"] = _write_manifest(
            kind, number, {each: digests[each] for each in covered}
        )
        meta[_PROOF[kind][0].format(mark)] = record
    return build_container({**files, **meta}, max_bytes=MAX_BYTES, max_entries=MAX_ENTRIES)


def add_files(raw: bytes, files: Mapping[str, bytes]) -> bytes:
    """The package with further files, which nobody seals. What stands in it stays byte for byte.

    Raises ContainerRejected; entry-repeated for a file that is there already.
    """
    there = read_container(raw, max_bytes=MAX_BYTES, max_entries=MAX_ENTRIES)
    if any(name.startswith(_META) for name in files):
        raise ContainerRejected("entry-not-allowed", "a file beside those that say what is sealed")
    if there.keys() & files.keys():
        raise ContainerRejected("entry-repeated", "two entries of the same name")
    return build_container({**there, **files}, max_bytes=MAX_BYTES, max_entries=MAX_ENTRIES)


def read_package(raw: bytes, *, max_bytes: int = MAX_BYTES) -> Package:
    """Take a package apart. Raises ContainerRejected for what was not only taken out or put in."""
    contents = read_contents(raw, max_bytes=max_bytes, max_entries=MAX_ENTRIES)
    meta = {name: content for name, content in contents.files.items() if _is_meta(name)}
    files = {
        name: content for name, content in contents.files.items() if name not in meta and name not in contents.unlisted
    }
    found: dict[str, list[Covering]] = {kind: [] for kind in _PROOF}
    missing, strays = dict.fromkeys(contents.missing), [*contents.unlisted]
    for name, content in meta.items():
        if matched := _MANIFEST.fullmatch(name):
            kind, mark = matched.groups()
            proof_name = _PROOF[kind][0].format(mark)
            try:
                digests = _read_manifest(content, proof_name)
            except ContainerRejected as error:
                raise ContainerRejected(error.code, error.detail, about=name, why=error.why) from None
            missing |= dict.fromkeys(each for each in digests if each not in files)
            if proof_name in meta:
                found[kind].append(Covering(name=name, raw=content, proof=meta[proof_name], digests=digests))
            else:
                missing[proof_name] = None
        elif matched := _PROOFS.fullmatch(name):
            manifest_name = f"{_META}ASiC{'EvidenceRecord' if matched[2] else ''}Manifest{matched[1] or matched[2]}.xml"
            if manifest_name not in meta:
                missing[manifest_name] = None
        else:
            strays.append(name)
    return Package(
        files=files,
        seals=tuple(found[""]),
        records=tuple(found["EvidenceRecord"]),
        missing=tuple(missing),
        strays=tuple(strays),
    )


def check_covered(package: Package, covering: Covering) -> None:
    """Check that each file that is covered is there and has the digest that the manifest names.

    Raises VerificationFailed: digest-mismatch, covered-file-missing.
    """
    other = covering.digests.keys() - unchanged(package, covering)
    if not other.isdisjoint(package.files):
        raise refusal("digest-mismatch", "a file has changed since it was covered")
    if other:
        raise refusal("covered-file-missing", "a file that is covered is not in the package")


def unchanged(package: Package, covering: Covering) -> frozenset[str]:
    """The files that are covered, and here as they were covered."""
    return frozenset(
        name
        for name, (algorithm, digest) in covering.digests.items()
        if name in package.files and hmac.compare_digest(package.digest_of(name, algorithm), digest)
    )


def verify_seal(seal: Covering, *, trust: TrustPolicy, at: datetime) -> VerifiedSignature:
    """Check the signature of a seal over the digests of the files that it covers; not these themselves.

    at: as of when certificate and algorithms are judged; aware.
    Raises VerificationFailed.
    """
    signature = verify_cades(seal.proof, seal.raw, trust=trust, at=at)
    if not all(trust.algorithms.accepts_digest(name, at=at) for name, _ in seal.digests.values()):
        raise refusal("algorithm-not-allowed", "a digest algorithm that does not count at this time")
    return signature


def _is_meta(name: str) -> bool:
    return name.casefold().startswith(_META.casefold())


def _write_manifest(kind: str, number: int, digests: Mapping[str, bytes]) -> bytes:
    """Nothing is escaped: names that are not plain are in no container."""
    place, media_type = _PROOF[kind]
    proof_name = place.format(f"{number:03}")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<asic:ASiCManifest xmlns:asic="{_ASIC}" xmlns:ds="{_DS}">',
        f'<asic:SigReference URI="{proof_name}" MimeType="{media_type}"/>',
    ]
    for name, digest in digests.items():
        found = _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        lines.append(
            f'<asic:DataObjectReference URI="{name}" MimeType="{found}">'
            f'<ds:DigestMethod Algorithm="{SHA256_URI}"></ds:DigestMethod>'
            f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></asic:DataObjectReference>"
        )
    return "\n".join([*lines, "</asic:ASiCManifest>", ""]).encode()


def _read_manifest(raw: bytes, proof_name: str) -> dict[str, tuple[str, bytes]]:
    """File -> (name of its digest, digest). Raises ContainerRejected."""
    try:
        root = parse(raw, max_bytes=MAX_ENTRIES * 512)
    except NotXml:
        raise _disagrees("a manifest that cannot be read") from None
    children = list(root)
    if root.tag != f"{{{_ASIC}}}ASiCManifest" or root.attrib or not children:
        raise _disagrees("a manifest that is none")
    if not _is(children[0], f"{{{_ASIC}}}SigReference", {"URI", "MimeType"}, 0):
        raise _disagrees("a manifest that names no signature or record", "of-another")
    if children[0].get("URI") != proof_name:
        raise _disagrees("a manifest that names the signature or record of another", "of-another")
    digests: dict[str, tuple[str, bytes]] = {}
    for child in children[1:]:
        name, algorithm, digest = _read_reference(child)
        if name in digests or _is_meta(name) or not is_plain(name):
            raise _disagrees("a manifest that names a file twice, or one that says what is covered", "repeats")
        digests[name] = algorithm, digest
    if not digests:
        raise _disagrees("a manifest that names no file", "empty")
    return digests


def _read_reference(element: etree._Element) -> tuple[str, str, bytes]:
    parts = list(element)
    if not _is(element, f"{{{_ASIC}}}DataObjectReference", {"URI", "MimeType", "Rootfile"}, 2):
        raise _disagrees("a manifest with a part that is not known here")
    if not _is(parts[0], f"{{{_DS}}}DigestMethod", {"Algorithm"}, 0):
        raise _disagrees("a manifest with a part that is not known here")
    if not _is(parts[1], f"{{{_DS}}}DigestValue", set(), 0):
        raise _disagrees("a manifest with a part that is not known here")
    name, algorithm = element.get("URI"), DIGEST_ALGORITHMS.get(parts[0].get("Algorithm", ""))
    if name is None or algorithm is None:
        raise _disagrees("a manifest with a digest that is not known here")
    try:
        digest = base64.b64decode((parts[1].text or "").strip(), validate=True)
    except ValueError:  # also for letters beyond ASCII
        raise _disagrees("a manifest with a digest that cannot be read") from None
    if len(digest) != DIGESTS[algorithm]().digest_size:
        raise _disagrees("a manifest with a digest that cannot be read")
    return name, algorithm, digest


def _is(element: etree._Element, tag: str, attributes: set[str], children: int) -> bool:
    known = {str(name) for name in element.attrib} <= attributes
    return element.tag == tag and known and len(element) == children


def _disagrees(detail: str, why: str = "unreadable") -> ContainerRejected:
    return ContainerRejected("manifest-disagrees", detail, why=why)
