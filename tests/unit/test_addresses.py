"""Where a push may go: public addresses, and nothing that only looks like one."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.addresses import Reach, is_public, is_written_out, network

PUBLIC = ["8.8.8.8", "1.1.1.1", "193.191.245.10", "172.32.0.1", "100.128.0.1", "2a01:690::1", "2606:4700::1111"]
REFUSED = {
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "private 10": "10.0.0.1",
    "private 172.16": "172.16.0.1",
    "private 172.31": "172.31.255.255",
    "private 192.168": "192.168.1.1",
    "loopback": "127.0.0.1",
    "loopback's other end": "127.255.255.254",
    "shared by a provider": "100.64.0.1",
    "metadata of clouds": "169.254.169.254",
    "platform of a cloud": "168.63.129.16",
    "protocol assignments": "192.0.0.192",
    "documentation 1": "192.0.2.1",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "6to4 relay": "192.88.99.1",
    "benchmarking": "198.19.0.1",
    "multicast": "224.0.0.1",
    "global multicast": "233.252.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified 6": "::",
    "loopback 6": "::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped public": "::ffff:8.8.8.8",
    "compatible": "::7f00:1",
    "translated (SIIT)": "::ffff:0:127.0.0.1",
    "NAT64 of loopback": "64:ff9b::7f00:1",
    "NAT64 of a public one": "64:ff9b::808:808",
    "local NAT64": "64:ff9b:1::a00:1",
    "discard only": "100::1",
    "Teredo": "2001::1",
    "benchmarking 6": "2001:2::1",
    "ORCHID": "2001:20::1",
    "documentation 6": "2001:db8::1",
    "new documentation 6": "3fff::1",
    "6to4 of loopback": "2002:7f00:1::1",
    "6to4 of a private one": "2002:a00:1::1",
    "segment routing": "5f00::1",
    "unique local": "fd00:ec2::254",
    "link-local": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "a public one with a zone": "2a01:690::1%eth0",
    "site-local": "fec0::1",
    "multicast 6": "ff0e::1",
    "no address": "example.org",
    "a number": "2130706433",
    "octal": "0177.0.0.1",
    "hexadecimal": "0x7f.0.0.1",
    "short": "127.1",
    "in brackets": "[2a01:690::1]",
    "empty": "",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_permitted(address: str) -> None:
    assert Reach().permits(address)


@pytest.mark.parametrize("case", REFUSED)
def test_everything_else_is_refused(case: str) -> None:
    assert not Reach().permits(REFUSED[case])


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_is_public_that_the_standard_library_knows_better(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        assert not (address.is_private)
        assert not (address.is_reserved)
        assert not (address.is_multicast)
        assert not (address.is_link_local)
        if isinstance(address, IPv6Address):
            assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


def test_a_network_that_is_allowed_is_permitted_and_nothing_beside_it() -> None:
    reach = Reach(allowed=(network("127.0.0.0/8"), network("fd12::/16")))
    assert reach.permits("127.0.0.1")
    assert reach.permits("fd12::1")
    for address in ("10.0.0.1", "::1", "::ffff:127.0.0.1", "fd13::1", "fd12::1%eth0"):
        assert not reach.permits(address)


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0", "ten", "", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        network(text)


def test_addresses_and_names_are_told_apart() -> None:
    for address in ("127.0.0.1", "::1", "fe80::1%25eth0"):
        assert is_written_out(address)
    for name in ("localhost", "127.1", "2130706433", "", "%"):
        assert not is_written_out(name)
