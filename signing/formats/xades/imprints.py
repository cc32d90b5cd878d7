"""What the time stamps of a signature cover, as the very bytes.

Source: ETSI EN 319 132-1, 5.3 (SignatureTimeStamp), 5.5.2.2 (ArchiveTimeStamp, nothing distributed).
"""

from collections.abc import Sequence
from typing import Final

from lxml import etree

from signing.formats.xades.document import SignedDocument, canonical
from signing.formats.xades.profile import DS
from signing.formats.xades.structure import SignatureParts
from signing.formats.xades.transforms import covered_bytes
from signing.formats.xades.unsigned import UnsignedProperty

_SIGNED_INFO: Final = f"{{{DS}}}SignedInfo"
_SIGNATURE_VALUE: Final = f"{{{DS}}}SignatureValue"
_KEY_INFO: Final = f"{{{DS}}}KeyInfo"


def signature_imprint(signature: etree._Element) -> bytes:
    """What a SignatureTimeStamp covers: the SignatureValue element."""
    return canonical(_part(signature, _SIGNATURE_VALUE))


def archive_imprint(
    document: SignedDocument, signature: etree._Element, parts: SignatureParts, before: Sequence[UnsignedProperty]
) -> bytes:
    """What an ArchiveTimeStamp covers when the unsigned properties `before` stand before it.

    1. what each reference covers, in their order; 2. SignedInfo, SignatureValue, KeyInfo; 3. the unsigned properties
    before it, in their order; 4. every other Object, of which this profile has none.
    """
    key_info = canonical(_part(signature, _KEY_INFO))
    covered = {parts.properties.uri: parts.signed_properties}
    if parts.key is not None:
        covered[parts.key.uri] = key_info
    covered[parts.data.uri] = covered_bytes(document, signature, parts.coverage)
    return b"".join(
        (
            *(covered[uri] for uri in parts.order),
            canonical(_part(signature, _SIGNED_INFO)),
            canonical(_part(signature, _SIGNATURE_VALUE)),
            key_info,
            *(canonical(each.element) for each in before),
        )
    )


def _part(signature: etree._Element, name: str) -> etree._Element:
    (found,) = signature.findall(name)
    return found
