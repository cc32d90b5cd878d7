"""A small form kind of its own, so that the engine is tested apart from the real forms."""

from __future__ import annotations

from datetime import date
from pathlib import Path

RECEIVED_ON = date(2026, 3, 10)
NAMESPACE = "urn:sealpost:zz:slip:1"
COMMON = "urn:sealpost:common:1"
OUR_ACTS = Path(__file__).resolve().parents[3] / "schemas/common/acts.yaml"
OUR_MESSAGES = Path(__file__).resolve().parents[3] / "schemas/common/1/messages.yaml"

TYPES = f"""\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:c="{COMMON}" targetNamespace="{COMMON}"
           elementFormDefault="qualified">
  <xs:simpleType name="SsinType">
    <xs:restriction base="xs:token"><xs:pattern value="[0-9]{{11}}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="DateType">
    <xs:restriction base="xs:date"><xs:pattern value="(19|20|21)[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="LanguageType">
    <xs:restriction base="xs:token"><xs:enumeration value="nl"/><xs:enumeration value="fr"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="TextType">
    <xs:restriction base="xs:token"><xs:minLength value="2"/><xs:maxLength value="20"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="AmountType">
    <xs:restriction base="xs:decimal">
      <xs:pattern value="[0-9.]+"/>
      <xs:totalDigits value="4"/><xs:fractionDigits value="1"/><xs:maxInclusive value="500"/>
    </xs:restriction>
  </xs:simpleType>
  <xs:complexType name="HeaderType">
    <xs:sequence>
      <xs:element name="DocumentId" type="c:TextType" minOccurs="0"/>
      <xs:element name="IssuedOn" type="c:DateType"/>
      <xs:element name="DocumentLanguage" type="c:LanguageType"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="PersonType">
    <xs:sequence>
      <xs:element name="Ssin" type="c:SsinType"/>
      <xs:element name="BirthDate" type="c:DateType" minOccurs="0"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="EmptyType"><xs:sequence/></xs:complexType>
  <xs:complexType name="NoteType">
    <xs:simpleContent>
      <xs:extension base="c:TextType"><xs:attribute name="lang" type="c:LanguageType" use="required"/></xs:extension>
    </xs:simpleContent>
  </xs:complexType>
</xs:schema>
"""

FORM = f"""\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:f="{NAMESPACE}" xmlns:c="{COMMON}"
           targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
  <xs:import namespace="{COMMON}" schemaLocation="../../../common/1/types.xsd"/>
  <xs:element name="Slip">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Content" type="f:ContentType">
          <xs:unique name="OnePerson">
            <xs:selector xpath="f:Person"/><xs:field xpath="c:Ssin"/>
          </xs:unique>
        </xs:element>
        <xs:element name="Signatures" minOccurs="0">
          <xs:complexType>
            <xs:sequence>
              <xs:any namespace="http://www.w3.org/2000/09/xmldsig#" processContents="skip" maxOccurs="5"/>
            </xs:sequence>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="ContentType">
    <xs:sequence>
      <xs:element name="Header" type="c:HeaderType"/>
      <xs:element name="Person" type="c:PersonType" maxOccurs="3"/>
      <xs:choice minOccurs="0">
        <xs:element name="Nothing" type="c:EmptyType"/>
        <xs:element name="Amount" type="c:AmountType"/>
      </xs:choice>
      <xs:element name="Note" type="c:NoteType" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute name="Id" use="required">
      <xs:simpleType><xs:restriction base="xs:token"><xs:enumeration value="content"/></xs:restriction></xs:simpleType>
    </xs:attribute>
  </xs:complexType>
</xs:schema>
"""

TOML = """\
country = "zz"
name = "slip"
version = "1.0"
namespace = "urn:sealpost:zz:slip:1"
root = "Slip"
form_type = "SLP"
act = "no-act"
articles = ["1"]
rules = ["zz/slip/1/rules.yaml", "common/1/rules.yaml"]
never = ["Gossip"]

[title]
en = "Slip"
nl = "Strook"
fr = "Fiche"
de = "Zettel"

[[signatory]]
role = "Person"
article = "Art. 1"
identifier = { scheme = "insz", at = "f:Person[1]/c:Ssin" }

[[route]]
id = "R90"
role = "Keeper"
article = "Art. 1"
copy = 1
of = 2
find = { scheme = "insz", at = "f:Person[2]/c:Ssin" }
when = "count(f:Person) > 1"

[[route]]
id = "R91"
role = "Office"
article = "Art. 1"
copy = 2
of = 2
find = { scheme = "role", postal = "string(f:Amount)" }

[[term]]
id = "T90"
from = { field = "f:Header/c:IssuedOn" }
binds = "this-form"

[[term]]
id = "T91"
from = { event = "ContentHandover", role = "Keeper" }
binds = "answer"
variants = { noted = "boolean(f:Note)" }
done_by = ["zz/slip"]
when = "boolean(f:Amount)"
"""

CALENDAR = """\
country: zz
time_zone: Europe/Brussels
holidays: {country: BE, categories: [public]}
readings: {L: [sunday], C: [saturday, sunday]}
extended: {}
"""

TERMS = """\
country: zz
profiles:
  ZZ-OLD: {act: no-act, until: 2025-12-31}
  ZZ-NEW: {act: new-act, from: 2026-01-01}
terms:
- id: T90
  aliases: [own]
  bound: party
  day_zero: {en: z, nl: z, fr: z, de: z}
  act: {en: a, nl: b, fr: c, de: d}
  versions:
  - {profile: ZZ-OLD, article: Art. 1, length: 7, unit: working-days, provenance: known}
- id: T91
  aliases: [answer]
  bound: authority
  day_zero: {en: z, nl: z, fr: z, de: z}
  act: {en: a, nl: b, fr: c, de: d}
  versions:
  - {profile: ZZ-OLD, article: Art. 1, length: 8, unit: days, provenance: known}
  - {profile: ZZ-NEW, article: Art. 2, length: 2, unit: weeks, until: 2026-06-30, provenance: known}
  - {profile: ZZ-NEW, article: Art. 2, length: 1, unit: months, from: 2026-07-01, provenance: known}
  - {profile: ZZ-NEW, variant: noted, article: Art. 3, length: 3, unit: weeks, from: 2026-03-01, provenance: known}
"""

WORDS = """
  note: {en: "n en", nl: "n nl", fr: "n fr", de: "n de"}
  message: {en: "m en", nl: "m nl", fr: "m fr", de: "m de"}
  fix: {en: "f en", nl: "f nl", fr: "f fr", de: "f de"}
"""

RULES = f"""\
ruleset: zz:slip:1.0.0
rules:
- id: SL-01
  severity: error
  legal: [{{act: no-act, article: "1 par. 2"}}, {{act: no-act, article: "App. I"}}]
  context: "c:Ssin"
  test: "sp:ssin-valid(.)"{WORDS}
- id: SL-02
  severity: warning
  legal: [{{act: no-act, article: "2"}}]
  context: "f:Person/c:BirthDate"
  let:
    day: "number(translate(., '-', ''))"
    issued: "number(translate($issued-on, '-', ''))"
  test: "$day < $issued"{WORDS}
- id: SL-03
  severity: info
  legal: [{{act: no-act, article: "3"}}]
  effective: {{from: 2026-01-01, until: 2026-06-30}}
  context: "f:Content"
  test: "f:Note"{WORDS}
- id: SL-04
  severity: error
  legal: [{{act: no-act, article: "4"}}]
  schema: {{within: "f:Person", codes: [XSD-PATTERN, XSD-CHILD-MISSING]}}{WORDS}
- id: SL-05
  severity: error
  legal: [{{act: no-act, article: "5"}}]
  schema: [{{codes: [XSD-CHILD-UNEXPECTED], names: "(?i)diagnos", unknown: true}}]{WORDS}
"""

COMMON_RULES = f"""\
ruleset: common:1.0.0
rules:
- id: GEN-02
  severity: error
  legal: [{{act: no-act, article: "9"}}]
  checked: records
  by: intake{WORDS}
- id: GEN-03
  severity: error
  legal: [{{act: no-act, article: "10"}}]
  schema: {{codes: [XSD-CHILD-UNEXPECTED, XSD-ATTR-UNEXPECTED], unknown: true}}{WORDS}
- id: GEN-01
  severity: error
  legal: [{{act: no-act, article: "11"}}]
  schema: {{}}{WORDS}
"""

CODE_LIST = """\
list: colours
editions:
  "1": {from: 2020-01-01, until: 2025-12-31}
  "2": {from: 2026-01-01}
codes:
- {code: red, en: Red, editions: ["1"]}
- {code: blue, en: Blue}
- {code: all, en: Heading, selectable: false}
"""

HEADER = "<Header><c:IssuedOn>2026-03-02</c:IssuedOn><c:DocumentLanguage>nl</c:DocumentLanguage></Header>"
PERSON = "<Person><c:Ssin>85073003328</c:Ssin></Person>"
NOTE = '<Note lang="nl">Een nota</Note>'


def slip(content: str = HEADER + PERSON + NOTE, *, attributes: str = 'Id="content"', after: str = "") -> bytes:
    """A document of the small kind."""
    body = f"<Content {attributes}>\n{content}</Content>{after}"
    return f'<Slip xmlns="{NAMESPACE}" xmlns:c="{COMMON}">\n{body}</Slip>'.encode()


ACTS = """\
acts:
  no-act: {en: an act, nl: een wet, fr: une loi, de: ein Gesetz}
"""
LABELS = """\
{name}: {{en: "{name} en", nl: "{name} nl", fr: "{name} fr", de: "{name} de"}}
"""


def write_schemas(folder: Path) -> None:
    """Lay the small kind out as a schemas folder, with our own messages."""
    files = {
        "common/1/types.xsd": TYPES,
        "common/1/rules.yaml": COMMON_RULES,
        "common/acts.yaml": OUR_ACTS.read_text(encoding="utf-8"),
        "zz/acts.yaml": ACTS,
        "common/1/messages.yaml": OUR_MESSAGES.read_text(encoding="utf-8"),
        "common/1/labels.yaml": LABELS.format(name="Ssin"),
        "common/codelists/colours.yaml": CODE_LIST,
        "zz/calendar.yaml": CALENDAR,
        "zz/terms.yaml": TERMS,
        "zz/slip/1/form.xsd": FORM,
        "zz/slip/1/form.toml": TOML,
        "zz/slip/1/rules.yaml": RULES,
        "zz/slip/1/labels.yaml": LABELS.format(name="Person"),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
