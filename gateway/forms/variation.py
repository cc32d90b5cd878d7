"""A sample with other people, numbers, places, texts and days: everything as consistent as it was.

A value is replaced by what its simple type says, and the same value by the same everywhere in the document: so the same
person stays the same person, a number agrees with the birth date that it states, and days keep their distances. Values
that stand for each other are data (`samples/values.yaml`). Nothing here knows a form kind.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from lxml import etree

from gateway import identifiers
from gateway.forms.shapes import Shapes, Text
from gateway.forms.sources import Entry

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REFERENCE = re.compile(r"(.*[A-Z]-[0-9]{4}-)([0-9]{4})")
_WORD = re.compile(r"[a-z]+")
_WEEKS = range(-8, 25)  # how far days move; whole weeks, so that a Sunday stays one
_PLACES = ("PostalCodeType", "PlaceNameType")
# Numbers of a day that registers do not reach in practice, so that no living person has the number.
_SERIALS = range(990, 998)


@dataclass(frozen=True, kw_only=True, slots=True)
class Values:
    """What may stand for what. families: simple types and the values. places: postal code, municipality, language."""

    kept: frozenset[str]
    families: tuple[tuple[frozenset[str], tuple[str, ...]], ...]
    places: Mapping[str, tuple[tuple[str, str, str], ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """An element with a text, and the local name of its simple type."""

    node: etree._Element
    type: str

    @property
    def text(self) -> str:
        return (self.node.text or "").strip()


# Identifiers of digits (`#`) and check digits (`C`): simple type -> how they are written, and what holds them.
# The fixed digits keep to ranges that are not given out, or are for tests.
_NUMBERS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "EnterpriseNumberType": ("01######CC", identifiers.enterprise_number_is_valid),
    "EstablishmentUnitNumberType": ("80######CC", identifiers.establishment_number_is_valid),
    "NihdiNumberType": ("1#####CC000", lambda number: identifiers.nihdi_modulus(number) == 97),
    "BsnType": ("99999###C", identifiers.bsn_is_valid),
    "KvkNumberType": ("9000####", identifiers.kvk_is_valid),
    "BigNumberType": ("#90######01", identifiers.big_is_valid),
}


def read_values(data: object, *, source: str) -> Values:
    """The content of values.yaml. Raises CatalogueError naming what is wrong."""
    entry = Entry(data, where=source, required=["kept", "families", "places"])
    families = [
        Entry(item, where=f"{source}: family {number}", required=["types", "values"])
        for number, item in enumerate(entry.items("families"), start=1)
    ]
    places = entry.mapping("places")
    return Values(
        kept=frozenset(entry.texts("kept")),
        families=tuple((frozenset(family.texts("types")), family.texts("values")) for family in families),
        places={country: tuple((place[0], place[1], place[2]) for place in places[country]) for country in places},
    )


def vary(
    root: etree._Element,
    shapes: Shapes,
    values: Values,
    *,
    country: str,
    zone: ZoneInfo,
    random: Random,
    days: bool = True,
    numbers: bool = True,
) -> None:
    """Replace the values of a document of that shape, in place.

    zone: of instants, whose offset follows the day. days, numbers: whether days move and identifiers change.
    """
    leaves = list(_leaves(root, shapes, shapes.root.type, values.kept))
    swapped = _swapped(leaves, values, random)
    renamed = {_plain(old): _plain(new) for old, new in swapped.items() if " " not in old}
    moved = timedelta(weeks=random.choice(_WEEKS) if days else 0)
    born = _births(leaves, random) if numbers else {}
    places = _places(leaves, values.places.get(country, ()), random)
    made: dict[tuple[str, str], str] = {}
    for leaf in leaves:
        old = leaf.text
        key = (leaf.type, old)
        if key not in made:
            if old in swapped:
                made[key] = swapped[old]
            elif leaf.type in _PLACES:
                made[key] = places.get(old, old)
            else:
                made[key] = _made(leaf, random, renamed, born, moved, zone, numbers=numbers)
        if made[key] != old:
            leaf.node.text = made[key]


def _leaves(node: etree._Element, shapes: Shapes, type_: str, kept: frozenset[str]) -> Iterator[Leaf]:
    shape = shapes.types[type_]
    if isinstance(shape, Text):
        yield Leaf(node=node, type=shape.name.rpartition("}")[2])
    elif shape.name.rpartition("}")[2] not in kept:
        for child in node.iterchildren("*"):
            member = shape.members.get(etree.QName(child).localname)
            if member is not None:
                yield from _leaves(child, shapes, member.type, kept)


def _swapped(leaves: Sequence[Leaf], values: Values, random: Random) -> dict[str, str]:
    """Each value of a family -> another of it; two different values never become the same."""
    swapped: dict[str, str] = {}
    for types, members in values.families:
        others = random.sample(members, len(members))
        there = {leaf.text for leaf in leaves if leaf.type in types}
        swapped |= {old: new for old, new in zip(members, others, strict=True) if old in there}
    return swapped


def _places(leaves: Sequence[Leaf], known: Sequence[tuple[str, str, str]], random: Random) -> dict[str, str]:
    """Postal codes and municipalities -> others of the same language and first digit, told by the postal code."""
    moved: dict[str, str] = {}
    there = {leaf.text for leaf in leaves if leaf.type == "PostalCodeType"}
    for code, name, language in known:
        if code in there:
            near = [place for place in known if place[2] == language and place[0][0] == code[0]]
            new = random.choice(near)
            moved |= {code: new[0], name: new[1]}
    return moved


def _births(leaves: Sequence[Leaf], random: Random) -> dict[str, str]:
    """Birth dates that a social security number in the document states -> other days of the same year."""
    born: dict[str, str] = {}
    for leaf in leaves:
        birth = identifiers.ssin_birth(leaf.text) if leaf.type == "SsinType" else None
        if birth is not None and birth.month and birth.day:
            old = date(birth.year, birth.month, birth.day).isoformat()
            month = random.randint(1, 12)
            new = date(birth.year, month, random.randint(1, monthrange(birth.year, month)[1]))
            born.setdefault(old, new.isoformat())
    return born


def _made(
    leaf: Leaf,
    random: Random,
    renamed: Mapping[str, str],
    born: Mapping[str, str],
    moved: timedelta,
    zone: ZoneInfo,
    *,
    numbers: bool,
) -> str:
    """The new value of a leaf by its simple type; the old one for a type that nothing is said about."""
    old = leaf.text
    match leaf.type:
        case "DateType" | "DateOrYearMonthType" | "PartialDateType" if _DATE.fullmatch(old):
            return born.get(old) or (date.fromisoformat(old) + moved).isoformat()
        case "DateTimeType":
            return _instant(old, moved, zone)
        case "EmailType" | "ElectronicAddressType":
            return _WORD.sub(lambda match: renamed.get(match[0], match[0]), old)
        case "SsinType" if numbers:
            return _ssin(old, born, random)
        case "UuidType" if numbers:
            return f"{old[:4]}{random.randrange(0x10000):04x}{old[8:]}"
        case "ReferenceType" if numbers and (match := _REFERENCE.fullmatch(old)):
            return f"{match[1]}{random.randrange(10_000):04}"
        case name if numbers and name in _NUMBERS:
            return _number(*_NUMBERS[name], random)
    return old


def _instant(old: str, moved: timedelta, zone: ZoneInfo) -> str:
    """The same time of day on another day, with the offset that the zone has then."""
    instant = datetime.fromisoformat(old)
    new = (instant.replace(tzinfo=None) + moved).replace(tzinfo=zone)
    offset = new.isoformat()[-6:]
    return f"{new.date().isoformat()}{old[10:-6]}{offset}" if old[-6] in "+-" else old


def _ssin(old: str, born: Mapping[str, str], random: Random) -> str:
    """A number for the new birth date, of a person of the same sex; a BIS number stays one."""
    birth = identifiers.ssin_birth(old)
    if birth is None or not (birth.month and birth.day):
        return old
    day = date.fromisoformat(born[date(birth.year, birth.month, birth.day).isoformat()])
    month = day.month + int(old[2:4]) - birth.month
    serials = [serial for serial in _SERIALS if serial % 2 == int(old[6:9]) % 2]
    stem = f"{day.year % 100:02}{month:02}{day.day:02}{random.choice(serials)}"
    full = int(stem) + (2_000_000_000 if day.year >= 2000 else 0)
    return f"{stem}{97 - full % 97:02}"


def _number(pattern: str, valid: Callable[[str], bool], random: Random) -> str:
    """A number of that pattern whose check digits hold."""
    width = pattern.count("C")
    while True:  # of some stems no check digit holds
        stem = re.sub("#", lambda _: str(random.randrange(10)), pattern)
        for check in range(10**width):
            number = stem.replace("C" * width, f"{check:0{width}}") if width else stem
            if valid(number):
                return number


def _plain(name: str) -> str:
    """A name as it stands in an address: lower case, without accents."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
