"""The numbers that forms and the register carry: how each is checked, kept, and stated in a certificate.

Pure functions on text: no look-up, no clock. A number counts only in the form in which it is exchanged (digits
without dots, ASCII digits only). The rules `GEN-06` to `GEN-12` and `OD-15` stand on these. `SCHEMES` is the one
table of the identifiers that parties have; another country's are rows of it.
"""

from __future__ import annotations

import re
from calendar import isleap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_SSIN = re.compile(r"[0-9]{11}")
_ENTERPRISE = re.compile(r"[01][0-9]{9}")
_ESTABLISHMENT = re.compile(r"[2-8][0-9]{9}")
_NIHDI_PHYSICIAN = re.compile(r"1[0-9]{10}")
_CAS = re.compile(r"([1-9][0-9]{1,6})-([0-9]{2})-([0-9])")
_EC = re.compile(r"([0-9]{3})-([0-9]{3})-([0-9])")
_BSN = re.compile(r"[0-9]{9}")
_KVK = re.compile(r"[0-9]{8}")
_BIG = re.compile(r"[0-9]{11}")
_DIRECTORATE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")

# Days of each month in a leap year; the month may be unknown.
_LONGEST = (31, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
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
    if _SSIN.fullmatch(number) is None:
        return None
    stem, check = divmod(int(number), 100)
    if check == 97 - stem % 97:
        century = 1900
    elif check == 97 - (2_000_000_000 + stem) % 97:
        century = 2000
    else:
        return None
    born, serial = divmod(stem, 1000)
    year, month, day = century + born // 10_000, born // 100 % 100, born % 100
    if 20 <= month <= 32:
        month -= 20
    elif 40 <= month <= 52:
        month -= 40
    if not 1 <= serial <= 997 or month > 12 or day > _LONGEST[month] or (month == 2 and day == 29 and not isleap(year)):
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
    year, month, day = map(int, stated.groups())
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


def bsn_is_valid(number: str) -> bool:
    """Whether `number` is a possible BSN: nine digits, not all zero, that pass the eleven test (EA-02)."""
    from stdnum.nl import bsn  # here: it is slow to come, and few forms need it

    return _BSN.fullmatch(number) is not None and bsn.is_valid(number)


def kvk_is_valid(number: str) -> bool:
    """Whether `number` is a possible number of the Dutch trade register; it has no check digit."""
    return _KVK.fullmatch(number) is not None and number != "00000000"


def big_is_valid(number: str) -> bool:
    """Whether `number` is a possible BIG number; it has no check digit, and ends in two digits for the profession."""
    return _BIG.fullmatch(number) is not None


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
    stem, check = divmod(int(number), 100)
    return check == 97 - stem % 97


class Holder(StrEnum):
    """What an identifier names. A profession's number names a person only together with the register."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PROFESSION = "profession"
    OFFICE = "office"


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentifierScheme:
    """A kind of identifier that a party can have.

    secret: a national number, kept only as keyed HMAC and shown masked. stated_as: what stands before it in a
    certificate, the usual one first: of a person in serialNumber, of an organisation in organizationIdentifier
    (ETSI EN 319 412-1, 5.1.3 and 5.1.4: PNO, NTR, VAT, then the country); empty where no certificate states it.
    """

    holder: Holder
    is_valid: Callable[[str], bool]
    secret: bool = False
    stated_as: tuple[str, ...] = ()

    def stated_in(self, text: str) -> str | None:
        """The identifier that an attribute of a certificate states, or None."""
        for prefix in self.stated_as:
            value = text.removeprefix(prefix)
            if text.startswith(prefix) and self.is_valid(value):
                return value
        return None


SCHEMES: Mapping[str, IdentifierScheme] = {
    # Belgium. An eID card states the national number without prefix.
    "insz": IdentifierScheme(holder=Holder.PERSON, is_valid=ssin_is_valid, secret=True, stated_as=("", "PNOBE-")),
    "kbo": IdentifierScheme(
        holder=Holder.ORGANISATION, is_valid=enterprise_number_is_valid, stated_as=("NTRBE-", "VATBE-")
    ),
    "nihdi": IdentifierScheme(holder=Holder.PROFESSION, is_valid=nihdi_is_valid),
    "directorate": IdentifierScheme(
        holder=Holder.OFFICE, is_valid=lambda value: _DIRECTORATE.fullmatch(value) is not None
    ),
    # The Netherlands. Nine bare digits in a certificate may be anything, so a BSN counts only with its prefix.
    "bsn": IdentifierScheme(holder=Holder.PERSON, is_valid=bsn_is_valid, secret=True, stated_as=("PNONL-",)),
    "kvk": IdentifierScheme(holder=Holder.ORGANISATION, is_valid=kvk_is_valid, stated_as=("NTRNL-",)),
    "big": IdentifierScheme(holder=Holder.PROFESSION, is_valid=big_is_valid),
}


def identifiers_in_certificate(*, serial_number: str | None, organization_identifier: str | None) -> dict[str, str]:
    """scheme -> identifier that the subject of a certificate states in a form that we know."""
    attributes = {Holder.PERSON: serial_number, Holder.ORGANISATION: organization_identifier}
    found = {name: scheme.stated_in(attributes.get(scheme.holder) or "") for name, scheme in SCHEMES.items()}
    return {name: value for name, value in found.items() if value is not None}
