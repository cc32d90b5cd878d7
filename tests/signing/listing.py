"""Invented trusted lists, signed like real ones, and certificates with statements of their qualification."""

import base64
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from signing import Identity, der
from tests.signing.forge import ENVELOPED, EXC, as_last_child, covering_document, forge, transform
from tests.signing.pki import AT

TSL = "http://uri.etsi.org/02231/v2#"
SIE = "http://uri.etsi.org/TrstSvc/SvcInfoExt/eSigDir-1999-93-EC-TrustedList/#"
BASE = "http://uri.etsi.org/TrstSvc/TrustedList"
CA_QC = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
QTST = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"
ESIGN, ESEAL, WEB = (f"0.4.0.1862.1.6.{number}" for number in (1, 2, 3))


def base64_of(identity: Identity) -> str:
    return base64.b64encode(identity.certificate.public_bytes(Encoding.DER)).decode()


def signed(content: str, identity: Identity, *, transforms: Sequence[str] = (ENVELOPED, EXC)) -> bytes:
    edit = covering_document(*map(transform, transforms))
    return forge(identity, document=content.encode(), place=as_last_child, edit=edit)


def scheme(territory: str, sequence: int, *, pointers: str = "", kind: str = "EUgeneric", issued: datetime = AT) -> str:
    return (
        f"<SchemeInformation><TSLVersionIdentifier>6</TSLVersionIdentifier>"
        f"<TSLSequenceNumber>{sequence}</TSLSequenceNumber><TSLType>{BASE}/TSLType/{kind}</TSLType>"
        f"<SchemeTerritory>{territory}</SchemeTerritory>{pointers}"
        f"<ListIssueDateTime>{issued:%Y-%m-%dT%H:%M:%SZ}</ListIssueDateTime>"
        f"<NextUpdate><dateTime>{issued + timedelta(days=180):%Y-%m-%dT%H:%M:%SZ}</dateTime></NextUpdate>"
        "</SchemeInformation>"
    )


def document(inner: str) -> str:
    return f'<TrustServiceStatusList xmlns="{TSL}" Id="list" TSLTag="http://uri.etsi.org/19612/TSLTag">{inner}</TrustServiceStatusList>'


def pointer(territory: str, *operators: Identity) -> str:
    identities = "".join(
        f"<DigitalId><X509Certificate>{base64_of(each)}</X509Certificate></DigitalId>" for each in operators
    )
    return (
        f"<OtherTSLPointer><ServiceDigitalIdentities><ServiceDigitalIdentity>{identities}</ServiceDigitalIdentity>"
        f"</ServiceDigitalIdentities><TSLLocation>https://{territory.lower()}.example/list.xml</TSLLocation>"
        f"<AdditionalInformation><OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>"
        "</AdditionalInformation></OtherTSLPointer>"
    )


def list_of_lists(sequence: int, operator: Identity, **pointers: Sequence[Identity]) -> bytes:
    named = "".join(pointer(territory, *operators) for territory, operators in pointers.items())
    pointing = f"<PointersToOtherTSL>{named}</PointersToOtherTSL>"
    return signed(document(scheme("EU", sequence, pointers=pointing, kind="EUlistofthelists")), operator)


def service(
    authority: Identity,
    *,
    since: datetime,
    status: str = "granted",
    kind: str = CA_QC,
    extensions: str = "",
    history: Sequence[tuple[str, datetime]] = (),
) -> str:
    held = f"<ServiceInformationExtensions>{extensions}</ServiceInformationExtensions>" if extensions else ""
    stages = "".join(
        f"<ServiceHistoryInstance><ServiceTypeIdentifier>{kind}</ServiceTypeIdentifier>"
        f"<ServiceStatus>{BASE}/Svcstatus/{then}</ServiceStatus>"
        f"<StatusStartingTime>{at:%Y-%m-%dT%H:%M:%SZ}</StatusStartingTime></ServiceHistoryInstance>"
        for then, at in history
    )
    return (
        f"<TSPService><ServiceInformation><ServiceTypeIdentifier>{kind}</ServiceTypeIdentifier>"
        "<ServiceDigitalIdentity><DigitalId><X509Certificate>"
        f"{base64_of(authority)}</X509Certificate></DigitalId></ServiceDigitalIdentity>"
        f"<ServiceStatus>{BASE}/Svcstatus/{status}</ServiceStatus>"
        f"<StatusStartingTime>{since:%Y-%m-%dT%H:%M:%SZ}</StatusStartingTime>{held}</ServiceInformation>"
        f"<ServiceHistory>{stages}</ServiceHistory></TSPService>"
    )


def national_list(territory: str, sequence: int, operator: Identity, *services: str) -> bytes:
    provider = f"<TrustServiceProvider><TSPServices>{''.join(services)}</TSPServices></TrustServiceProvider>"
    inner = f"{scheme(territory, sequence)}<TrustServiceProviderList>{provider}</TrustServiceProviderList>"
    return signed(document(inner), operator)


def purpose(name: str) -> str:
    return (
        '<Extension Critical="true"><AdditionalServiceInformation><URI xml:lang="en">'
        f"{BASE}/SvcInfoExt/{name}</URI></AdditionalServiceInformation></Extension>"
    )


def qualification(qualifier: str, criteria: str, *, quantifier: str = "all") -> str:
    return (
        f'<Extension Critical="true"><q:Qualifications xmlns:q="{SIE}"><q:QualificationElement><q:Qualifiers>'
        f'<q:Qualifier uri="{BASE}/SvcInfoExt/{qualifier}"/></q:Qualifiers>'
        f'<q:CriteriaList assert="{quantifier}">{criteria}</q:CriteriaList>'
        "</q:QualificationElement></q:Qualifications></Extension>"
    )


def key_usage(name: str, wanted: str = "true") -> str:
    return f'<q:KeyUsage><q:KeyUsageBit name="{name}">{wanted}</q:KeyUsageBit></q:KeyUsage>'


def policies(*oids: str) -> str:
    xades = "http://uri.etsi.org/01903/v1.3.2#"
    inner = "".join(
        f'<q:PolicyIdentifier><x:Identifier xmlns:x="{xades}" Qualifier="OIDAsURN">urn:oid:{oid}</x:Identifier>'
        "</q:PolicyIdentifier>"
        for oid in oids
    )
    return f"<q:PolicySet>{inner}</q:PolicySet>"


def with_statements(
    identity: Identity, authority: Identity, *, purposes: Sequence[str] = (ESIGN,), device: bool = True
) -> Identity:
    """The identity with a certificate that states to be qualified."""
    statements = [der.encode(der.SEQUENCE, der.oid("0.4.0.1862.1.1"))]
    if device:
        statements.append(der.encode(der.SEQUENCE, der.oid("0.4.0.1862.1.4")))
    kinds = der.encode(der.SEQUENCE, *map(der.oid, purposes))
    statements.append(der.encode(der.SEQUENCE, der.oid("0.4.0.1862.1.6"), kinds))
    value = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), der.encode(der.SEQUENCE, *statements)
    )
    return reissued(identity, authority, value)


def reissued(identity: Identity, authority: Identity, *further: x509.ExtensionType) -> Identity:
    old = identity.certificate
    builder = x509.CertificateBuilder(
        old.issuer, old.subject, old.public_key(), 7, old.not_valid_before_utc, old.not_valid_after_utc
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    for value in further:
        builder = builder.add_extension(value, critical=False)
    return Identity(identity.key, builder.sign(authority.key, hashes.SHA256()))
