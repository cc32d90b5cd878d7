"""The words for what a trusted list makes of a signature."""

from enum import StrEnum


class QualificationLevel(StrEnum):
    """What a signature is in the words of ETSI TS 119 615 and the EU's own tools.

    QESIG, QESEAL: made with a qualified certificate and a qualified device: a handwritten signature's equal.
    ADES_QC…: with a qualified certificate. ADES: with neither. UNKNOWN: no list at hand knows the issuer.
    """

    QESIG = "QESig"
    QESEAL = "QESeal"
    ADESIG_QC = "AdESig-QC"
    ADESEAL_QC = "AdESeal-QC"
    ADES = "AdES"
    UNKNOWN = "unknown"
