"""What parties, forms, copies, evidence and cases are known by."""

from __future__ import annotations

from typing import NewType

import uuid_utils

PartyId = NewType("PartyId", str)
SubmissionId = NewType("SubmissionId", str)
DeliveryId = NewType("DeliveryId", str)
EvidenceId = NewType("EvidenceId", str)
CaseId = NewType("CaseId", str)
Role = str  # role codes are data of the form kinds; code knows none by name


def new_id() -> str:
    """A fresh UUIDv7 as text."""
    return str(uuid_utils.uuid7())
