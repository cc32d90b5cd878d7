"""CMS: ContentInfo, and SignedData with one signer and signed attributes, as CAdES, PAdES and time stamps are.

Written as DER, read as nothing else. Reading takes the structure apart; whose certificate it is and whether it counts
is decided elsewhere. Source: RFC 5652, 3, 5 and 11; RFC 5035 (ESSCertIDv2).
"""

from signing.cms import names
from signing.cms.algorithms import DIGEST_OIDS, UnknownAlgorithm, digest_identifier, read_digest_identifier
from signing.cms.reading import MAX_CERTIFICATES, SignedData, enter_content_info, read_signed_data
from signing.cms.writing import build_signed_data, content_info

__all__ = [
    "DIGEST_OIDS",
    "MAX_CERTIFICATES",
    "SignedData",
    "UnknownAlgorithm",
    "build_signed_data",
    "content_info",
    "digest_identifier",
    "enter_content_info",
    "names",
    "read_digest_identifier",
    "read_signed_data",
]
