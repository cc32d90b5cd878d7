"""PKCS#11 addresses: what is understood, and that the rest is refused and never ignored."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import KeyUnavailable, TokenAddress, key_place

FOLDER = Path("/etc/counter")


def read(text: str) -> TokenAddress:
    found = key_place(text, folder=FOLDER)
    assert isinstance(found, TokenAddress)
    return found


def test_everything_that_is_understood() -> None:
    found = read(
        "pkcs11:token=The%20Counter;serial=0a1b;manufacturer=Maker;model=M%3B1;object=service;id=%01%ff;type=private"
        "?module-path=/usr/lib/hsm.so&pin-source=file:pin&x-certificates=chain.pem&x-sessions=4"
    )
    assert dict(found.token) == {
        "token": "The Counter",
        "serial": "0a1b",
        "manufacturer": "Maker",
        "model": "M;1",
    }
    assert (found.label, found.id, found.sessions) == ("service", b"\x01\xff", 4)
    assert (found.module, found.pin_source) == (Path("/usr/lib/hsm.so"), FOLDER / "pin")
    assert found.certificates == FOLDER / "chain.pem"
    assert str(found) == "pkcs11: The Counter/0a1b/Maker/M;1/service/01ff"


@pytest.mark.parametrize("source", ["file:/run/pin", "file:///run/pin", "/run/pin", "../../run/pin"])
def test_a_pin_lies_in_a_file(source: str) -> None:
    found = read(f"pkcs11:token=t;object=o?module-path=m.so&pin-source={source}")
    assert found.pin_source is not None
    assert found.pin_source.resolve() == Path("/run/pin")


def test_anything_else_is_a_file() -> None:
    assert key_place("keys/service.pem", folder=FOLDER) == FOLDER / "keys/service.pem"
    assert key_place("/keys/service.pem", folder=FOLDER) == Path("/keys/service.pem")


@pytest.mark.parametrize(
    "wrong",
    [
        "pkcs11:",
        "pkcs11:?module-path=m.so",
        "pkcs11:token=t?module-path=m.so",  # which key?
        "pkcs11:object=o?module-path=m.so",  # which token?
        "pkcs11:token=t;object=o",  # which module?
        "pkcs11:token=t;object=o;type=cert?module-path=m.so",
        "pkcs11:token=t;token=u;object=o?module-path=m.so",
        "pkcs11:token=t;object=o;slot-id=1?module-path=m.so",
        "pkcs11:token=t;object=o;colour=red?module-path=m.so",
        "pkcs11:token=t;object=o?module-path=m.so&pin-value=1234",
        "pkcs11:token=t;object=o?module-path=m.so&module-name=softhsm",
        "pkcs11:token=t;object=o?module-path=m.so&pin-source=%7Ccat%20pin",
        "pkcs11:token=t;object=o?module-path=m.so&pin-source=https://example.org/pin",
        "pkcs11:token=t;object=o?module-path=m.so&pin-source=file://elsewhere/pin",
        "pkcs11:token=t;object=o?module-path=m.so&pin-source=",
        "pkcs11:token=t;object=o?module-path=m.so&x-sessions=0",
        "pkcs11:token=t;object=o?module-path=m.so&x-sessions=many",
        "pkcs11:token=t;object=o?module-path=m.so&x-sessions=65",
        "pkcs11:token=%ff;object=o?module-path=m.so",
        "pkcs11:token=a%00b;object=o?module-path=m.so",
        "pkcs11:token=a%2;object=o?module-path=m.so",
        "pkcs11:token=a b;object=o?module-path=m.so",
        "pkcs11:token=t;;object=o?module-path=m.so",
        "pkcs11:token=t;object=o?module-path=m.so?module-path=n.so",
        "pkcs11:token=é;object=o?module-path=m.so",
    ],
)
def test_what_is_not_understood_is_refused(wrong: str) -> None:
    with pytest.raises(KeyUnavailable) as refused:
        key_place(wrong, folder=FOLDER)
    assert refused.value.code == "token-address"
    assert "1234" not in refused.value.detail


@given(st.text(alphabet=st.sampled_from("pkcs11:token=object;id?module-path&pin-source%0aF/|\0é "), max_size=80))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(KeyUnavailable):
        assert isinstance(key_place(f"pkcs11:{text}", folder=FOLDER), TokenAddress)


@given(
    label=st.text(min_size=1, max_size=32).filter(lambda text: "\0" not in text and text.isprintable()),
    id_=st.binary(max_size=16),
)
def test_whatever_a_key_is_called_it_can_be_named(label: str, id_: bytes) -> None:
    name = quote_from_bytes(label.encode(), safe="")
    number = "".join(f"%{byte:02x}" for byte in id_)
    found = read(f"pkcs11:token={name};object={name};id={number}?module-path=m.so")
    assert (found.token["token"], found.label, found.id) == (label, label, id_)
