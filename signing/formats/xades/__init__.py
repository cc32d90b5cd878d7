"""XML signatures: a strict profile of XAdES baseline B-B."""

from signing.formats.xades.builder import sign_fields, sign_xml
from signing.formats.xades.verifier import verify_xml

__all__ = ["sign_fields", "sign_xml", "verify_xml"]
