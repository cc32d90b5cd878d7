"""EU trusted lists: read strictly, verified by our own verifier, kept as snapshots, asked who was supervised when."""

from signing.lists.qualifying import Qualification, QualificationLevel, qualify
from signing.lists.reading import ListInfo, Service, ServicePeriod, ServiceType, TrustedList, read_list
from signing.lists.snapshots import ListSnapshot, TrustedLists
from signing.lists.verifying import verify_list

__all__ = [
    "ListInfo",
    "ListSnapshot",
    "Qualification",
    "QualificationLevel",
    "Service",
    "ServicePeriod",
    "ServiceType",
    "TrustedList",
    "TrustedLists",
    "qualify",
    "read_list",
    "verify_list",
]
