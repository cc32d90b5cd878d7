"""How copies leave the house. TRANSPORTS: endpoint kind -> factory.

A mailbox needs no transport: its copies are laid out by the commit that accepted the form, and collected by their
owner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.model import EndpointKind
from gateway.ports import Transport
from gateway.transports.push import Push, PushSettings

TRANSPORTS: Mapping[EndpointKind, Callable[[PushSettings], Transport]] = {EndpointKind.PUSH: Push}
