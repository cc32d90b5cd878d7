"""Which network addresses a push may go to: public ones, and the networks that this installation allows.

An endpoint is an address that somebody gave us. Without this check it would make the gateway knock at machines that
only the gateway can reach: its own loopback, its neighbours, the platform it runs on.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

# IANA IPv4 Special-Purpose Address Registry (RFC 6890) and multicast: everything that is not somebody's own machine
# on the public internet. Kept here whole: `ipaddress.is_global` lacks relays and changed with versions of Python.
_REFUSED_4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a provider's customers (RFC 6598)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # a cloud's platform, which answers inside its machines
        "169.254.0.0/16",  # link-local, the usual place of a cloud's metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112 sink
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112 sink
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Of IPv6 only global unicast is public at all. That leaves out at once: loopback, unspecified, unique local, link-local
# and multicast addresses, and every form that carries an IPv4 address where the list above would not see it:
# mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96, 64:ff9b:1::/48).
_PUBLIC_6 = IPv6Network("2000::/3")
_REFUSED_6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, identifiers
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112 sink
        "3fff::/20",  # documentation
    )
)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """allowed: networks of this installation that are no public ones and yet may be pushed to."""

    allowed: tuple[Network, ...] = ()

    def permits(self, text: str) -> bool:
        """Whether the address `text` may be connected to. What is not the plain text of an address may not."""
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return False  # it names an interface of this machine
        return is_public(address) or any(address in network for network in self.allowed)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address can be somebody's machine on the public internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _REFUSED_4)
    return address in _PUBLIC_6 and not any(address in network for network in _REFUSED_6)


def is_written_out(host: str) -> bool:
    """Whether `host` is the text of an address, with a zone or without, and no name that is looked up."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def network(text: str) -> Network:
    """A network as the configuration writes it, `10.20.0.0/16`. Raises ValueError."""
    if "/" not in text:
        raise ValueError("a network has a length, such as /32")
    return ip_network(text)
