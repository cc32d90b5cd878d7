"""Check rules of the numbers that forms and the register carry.

Pure functions on text: no look-up, no clock. A number counts only in the form in which it is exchanged (digits
without dots, ASCII digits only). The rules `GEN-06` to `GEN-12` and `OD-15` stand on these.
"""

from __future__ import annotations

import re
from calendar import monthrange
from typing import NamedTuple

_SSIN = re.compile(r"[0-9]{11}")
_ENTERPRISE = re.compile(r"[01][0-9]{9}")
_ESTABLISHMENT = re.compile(r"[2-8][0-9]{9}")
_NIHDI_PHYSICIAN = re.compile(r"1[0-9]{10}")
_CAS = re.compile(r"([1-9][0-9]{1,6})-([0-9]{2})-([0-9])")
_EC = re.compile(r"([0-9]{3})-([0-9]{3})-([0-9])")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

# In the order in which the institute opened them; the last two are reserves (GEN-12 flags them).
_NIHDI_MODULI = (97, 89, 83, 79)


class SsinBirth(NamedTuple):
    """The birth date that a social security number states; 0 stands for an unknown month or day."""

    year: int
    month: int
    day: int


def ssin_birth(number: str) -> SsinBirth | None:
    """The birth date inside an INSZ (national register or BIS number), or None if the number is not valid.

    At most one of the two check formulas can hold, and the one that holds gives the century. A BIS number adds 20 or
    40 to the month.
    """
    if _SSIN.fullmatch(number) is None or not 1 <= int(number[6:9]) <= 997:
        return None
    stem, check = int(number[:9]), int(number[9:])
    if check == 97 - stem % 97:
        century = 1900
    elif check == 97 - (2_000_000_000 + stem) % 97:
        century = 2000
    else:
        return None
    year, month, day = century + int(number[:2]), int(number[2:4]), int(number[4:6])
    if 20 <= month <= 32:
        month -= 20
    elif 40 <= month <= 52:
        month -= 40
    if month > 12 or day > 31 or (day > 28 and month and day > monthrange(year, month)[1]):
        return None
    return SsinBirth(year, month, day)


def ssin_is_valid(number: str) -> bool:
    """Whether `number` is a possible INSZ: eleven digits, check digits, possible date, serial 001 to 997."""
    return ssin_birth(number) is not None


def ssin_agrees_with_birth_date(number: str, birth_date: str) -> bool:
    """Whether nothing in the INSZ contradicts `birth_date` (YYYY-MM-DD).

    Unknown parts of the number contradict nothing; nor does a number or date that is not valid itself, which other
    rules judge.
    """
    birth, stated = ssin_birth(number), _ISO_DATE.fullmatch(birth_date)
    if birth is None or stated is None:
        return True
    year, month, day = (int(part) for part in stated.groups())
    return birth.year == year and birth.month in (0, month) and birth.day in (0, day)


def enterprise_number_is_valid(number: str) -> bool:
    """Whether `number` is a possible KBO number of an enterprise."""
    return _ENTERPRISE.fullmatch(number) is not None and _kbo_check_holds(number)


def establishment_number_is_valid(number: str) -> bool:
    """Whether `number` is a possible KBO number of an establishment unit."""
    return _ESTABLISHMENT.fullmatch(number) is not None and _kbo_check_holds(number)


def nihdi_modulus(number: str) -> int | None:
    """The modulus (97, 89, 83 or 79) under which a physician's RIZIV number checks, or None if it fits none."""
    if _NIHDI_PHYSICIAN.fullmatch(number) is None:
        return None
    stem, check = int(number[:6]), int(number[6:8])
    return next((modulus for modulus in _NIHDI_MODULI if check == modulus - stem % modulus), None)


def nihdi_is_valid(number: str) -> bool:
    """Whether `number` is a possible RIZIV number of a physician, under one of the four moduli (GEN-11, GEN-12)."""
    return nihdi_modulus(number) is not None


def cas_is_valid(number: str) -> bool:
    """Whether `number` is a CAS registry number with a right check digit."""
    match = _CAS.fullmatch(number)
    if match is None:
        return False
    digits = match[1] + match[2]
    weighted = sum(place * int(digit) for place, digit in enumerate(reversed(digits), start=1))
    return weighted % 10 == int(match[3])


def ec_is_valid(number: str) -> bool:
    """Whether `number` is an EC number (EINECS, ELINCS, NLP) with a right check digit (a remainder of 10 never is)."""
    match = _EC.fullmatch(number)
    if match is None:
        return False
    weighted = sum(place * int(digit) for place, digit in enumerate(match[1] + match[2], start=1))
    return weighted % 11 == int(match[3])


def _kbo_check_holds(number: str) -> bool:
    return int(number[8:]) == 97 - int(number[:8]) % 97
