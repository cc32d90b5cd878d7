"""Numbers with check digits: examples computed by hand, and what must not slip through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import identifiers

VALID_SSIN = ("85073003328", "17073003384", "85473003317", "85273003371", "04421200443", "88021520444")
VALID_ENTERPRISE = ("0123456749", "1000123448", "0200000043", "0333333372")


@pytest.mark.parametrize("number", VALID_SSIN)
def test_example_social_security_numbers_are_valid(number: str) -> None:
    assert identifiers.ssin_is_valid(number)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("85073003329", "check digits"),
        ("85133003370", "month 13"),
        ("850730033", "too short"),
        ("85.07.30-033.28", "not in exchange form"),
        ("８５０７３００３３２８", "digits of another script"),
        ("", "nothing"),
    ],
)
def test_a_number_that_cannot_be_an_insz_is_refused(number: str, why: str) -> None:
    assert not identifiers.ssin_is_valid(number), why


def _with_check_digits(stem: str, *, since_2000: bool = False) -> str:
    return f"{stem}{97 - int(('2' if since_2000 else '') + stem) % 97:02}"


@pytest.mark.parametrize(
    ("stem", "possible"),
    [
        ("850229001", False),  # 1985 was no leap year
        ("840229001", True),
        ("850730000", False),  # serials start at 001
        ("850730998", False),  # and end at 997
        ("850000001", True),  # month and day unknown
        ("850700001", True),  # day unknown
        ("854000001", True),  # BIS with unknown month
        ("853900001", False),
        ("855300001", False),
    ],
)
def test_date_and_serial_inside_the_number_are_judged_too(stem: str, possible: bool) -> None:
    assert identifiers.ssin_is_valid(_with_check_digits(stem)) is possible


def test_a_leap_day_of_2000_needs_the_formula_of_2000() -> None:
    assert identifiers.ssin_birth(_with_check_digits("000229001", since_2000=True)) is not None
    assert identifiers.ssin_birth(_with_check_digits("000229001")) is None  # 1900 was no leap year


@given(st.integers(0, 999_999_999), st.booleans())
def test_no_number_is_valid_in_both_centuries(stem: int, since_2000: bool) -> None:
    number = _with_check_digits(f"{stem:09}", since_2000=since_2000)
    other = _with_check_digits(f"{stem:09}", since_2000=not since_2000)
    assert number != other


@given(st.sampled_from(VALID_SSIN), st.integers(0, 10), st.integers(1, 9))
def test_any_changed_digit_of_an_insz_is_noticed_or_moves_the_century(number: str, place: int, step: int) -> None:
    digit = str((int(number[place]) + step) % 10)
    birth, changed = (
        identifiers.ssin_birth(number),
        identifiers.ssin_birth(number[:place] + digit + number[place + 1 :]),
    )
    assert birth is not None
    assert changed is None or changed.year // 100 != birth.year // 100


@pytest.mark.parametrize(
    ("number", "birth_date", "agrees"),
    [
        ("85073003328", "1985-07-30", True),
        ("85073003328", "1985-07-31", False),
        ("85073003328", "2085-07-30", False),
        ("85473003317", "1985-07-30", True),
        ("85273003371", "1985-07-30", True),
        ("04421200443", "2004-02-12", True),
        (_with_check_digits("850000001"), "1985-12-24", True),
        (_with_check_digits("850000001"), "1986-12-24", False),
        ("85073003329", "1999-01-01", True),  # not valid: another rule says so
        ("85073003328", "30-07-1985", True),  # no date: the schema says so
    ],
)
def test_birth_date_is_compared_as_far_as_both_state_it(number: str, birth_date: str, agrees: bool) -> None:
    assert identifiers.ssin_agrees_with_birth_date(number, birth_date) is agrees


@pytest.mark.parametrize("number", VALID_ENTERPRISE)
def test_example_enterprise_numbers_are_valid(number: str) -> None:
    assert identifiers.enterprise_number_is_valid(number)
    assert not identifiers.establishment_number_is_valid(number)


@pytest.mark.parametrize("number", ["0123456748", "2123456791", "123456749", "0123.456.749", "BE0123456749", ""])
def test_what_is_no_enterprise_number_is_refused(number: str) -> None:
    assert not identifiers.enterprise_number_is_valid(number)


def test_establishment_numbers_start_with_two_to_eight() -> None:
    assert identifiers.establishment_number_is_valid("2123456791")
    assert not identifiers.establishment_number_is_valid("0123456749")
    nine = f"91234567{97 - 91234567 % 97:02}"
    assert not identifiers.establishment_number_is_valid(nine)


@pytest.mark.parametrize(
    ("number", "modulus"),
    [
        ("12345625000", 97),
        ("12345676000", 89),
        ("12345648000", 83),
        ("12345621000", 79),
        ("10000106000", 97),
        ("12345633000", None),
        ("22345625000", None),
        ("1234562500", None),
        ("1-23456-25-000", None),
    ],
)
def test_a_physicians_number_tells_its_modulus(number: str, modulus: int | None) -> None:
    assert identifiers.nihdi_modulus(number) == modulus
    assert identifiers.nihdi_is_valid(number) is (modulus is not None)


@pytest.mark.parametrize(
    ("number", "valid"), [("71-43-2", True), ("71-43-3", False), ("7732-18-5", True), ("071-43-2", False)]
)
def test_cas_numbers_carry_a_check_digit(number: str, valid: bool) -> None:
    assert identifiers.cas_is_valid(number) is valid


@pytest.mark.parametrize(
    ("number", "valid"), [("200-753-7", True), ("200-753-8", False), ("2007537", False), ("231-791-2", True)]
)
def test_ec_numbers_carry_a_check_digit(number: str, valid: bool) -> None:
    assert identifiers.ec_is_valid(number) is valid


def test_an_ec_number_whose_remainder_is_ten_is_never_issued() -> None:
    stem = next(n for n in range(200_001, 200_999) if _ec_sum(n) % 11 == 10)
    text = f"{stem:06}"
    assert not any(identifiers.ec_is_valid(f"{text[:3]}-{text[3:]}-{digit}") for digit in range(10))


def _ec_sum(number: int) -> int:
    return sum(place * int(digit) for place, digit in enumerate(f"{number:06}", start=1))


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("111222333", True),
        ("111222334", False),
        ("123456782", True),
        ("000000000", False),
        ("11122233", False),
        ("1112.22.333", False),
        (" 111222333", False),
        ("١١١٢٢٢٣٣٣", False),
    ],
)
def test_a_bsn_passes_the_eleven_test(number: str, valid: bool) -> None:
    assert identifiers.bsn_is_valid(number) is valid


@given(st.integers(1, 999_999_999))
def test_the_eleven_test_weighs_the_digits_nine_to_two_and_takes_the_last_off(number: int) -> None:
    digits = [int(digit) for digit in f"{number:09}"]
    total = sum(weight * digit for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True))
    assert identifiers.bsn_is_valid(f"{number:09}") is (total % 11 == 0)


# scheme: a number that is valid, and one that is not
NUMBERS = {
    "insz": ("85073003328", "85073003329"),
    "kbo": ("0123456749", "0123456748"),
    "nihdi": ("12345625000", "12345633000"),
    "directorate": ("BE-DEMO-OVL", "be demo"),
    "bsn": ("111222333", "111222334"),
    "kvk": ("12345678", "1234567"),
    "big": ("49012345601", "4901234560"),
}


@pytest.mark.parametrize("scheme", identifiers.SCHEMES)
def test_every_scheme_checks_its_numbers(scheme: str) -> None:
    valid, invalid = NUMBERS[scheme]
    assert identifiers.SCHEMES[scheme].is_valid(valid)
    assert not identifiers.SCHEMES[scheme].is_valid(invalid)


def test_exactly_the_numbers_of_persons_are_secret() -> None:
    persons = {name for name, each in identifiers.SCHEMES.items() if each.holder is identifiers.Holder.PERSON}
    assert {name for name, each in identifiers.SCHEMES.items() if each.secret} == persons == {"insz", "bsn"}


@pytest.mark.parametrize(
    ("serial", "organisation", "found"),
    [
        ("85073003328", None, {"insz": "85073003328"}),
        ("PNOBE-85073003328", None, {"insz": "85073003328"}),
        ("PNONL-111222333", None, {"bsn": "111222333"}),
        (None, "NTRBE-0123456749", {"kbo": "0123456749"}),
        (None, "VATBE-0123456749", {"kbo": "0123456749"}),
        (None, "NTRNL-12345678", {"kvk": "12345678"}),
        ("PNONL-111222333", "NTRNL-12345678", {"bsn": "111222333", "kvk": "12345678"}),
        # what must not be taken for an identifier
        ("111222333", None, {}),
        ("PNONL-111222334", None, {}),
        ("PNODE-111222333", None, {}),
        ("PASNL-111222333", None, {}),
        ("PNOBE-PNOBE-85073003328", None, {}),
        (None, "0123456749", {}),
        (None, "NTRNL-1234567", {}),
        (None, "VATNL-12345678", {}),
        ("NTRNL-12345678", "PNOBE-85073003328", {}),
        ("", "", {}),
        (None, None, {}),
    ],
)
def test_a_certificate_names_whom_the_standard_lets_it_name(
    serial: str | None, organisation: str | None, found: dict[str, str]
) -> None:
    assert identifiers.identifiers_in_certificate(serial_number=serial, organization_identifier=organisation) == found


@given(st.text(max_size=12))
def test_no_text_makes_a_check_fail_with_an_exception(text: str) -> None:
    for check in (
        identifiers.ssin_is_valid,
        identifiers.enterprise_number_is_valid,
        identifiers.establishment_number_is_valid,
        identifiers.nihdi_is_valid,
        identifiers.cas_is_valid,
        identifiers.ec_is_valid,
        *(scheme.is_valid for scheme in identifiers.SCHEMES.values()),
    ):
        assert check(text) in (True, False)
