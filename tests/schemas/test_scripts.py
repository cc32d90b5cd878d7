"""A text in any script is a text: three schema engines read the pattern of free texts alike."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lxml import etree
from xmlschema import XMLSchema10

from gateway.forms.folder import SCHEMAS

HERE = Path(__file__).parent
COMMON = "urn:sealpost:common:1"
SCHEMA = f"""\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:c="{COMMON}">
  <xs:import namespace="{COMMON}" schemaLocation="{(SCHEMAS / "common/1/types.xsd").as_uri()}"/>
  <xs:element name="Text" type="c:TextType"/>
</xs:schema>
"""
TEXTS = (
    *(
        "漢字",
        "一",
        "仁川",
        "㐁",
        "𠀁",
        "𪛖",
        "\U00030001",
        "한국어",
        "힣",
        "日本語で",
    ),  # the first and others of each block
    *("あいう", "カナ", "Ж", "א", "ع", "Ω", "ß", "é", "l'œuvre", "ไทย", "हिन्दी", "1 kg", "€ 5", "(a)", "√"),
)
# What is not seen, or may not begin a text in any of them.
NO_TEXTS = ("\u200b", "\u200ba", "\u3000", "\u3164", "\u2800", "\uffa0", "\ue000", "a\u200eb")


def test_a_text_in_any_script_is_taken_by_every_engine_and_an_invisible_one_by_none(tmp_path: Path) -> None:
    file = tmp_path / "text.xsd"
    file.write_text(SCHEMA, encoding="utf-8")
    documents = []
    for text in (*TEXTS, *NO_TEXTS):
        document = etree.Element("Text")
        document.text = text
        documents.append(document)
    expected = [True] * len(TEXTS) + [False] * len(NO_TEXTS)
    libxml2 = etree.XMLSchema(etree.parse(file))
    assert [libxml2.validate(document) for document in documents] == expected
    library = XMLSchema10(str(file), validation="skip", defuse="never", allow="local", loglevel=None)
    assert [library.is_valid(etree.tostring(document)) for document in documents] == expected
    lines = b"\n".join(etree.tostring(document) for document in documents)  # ASCII, with references
    xerces = subprocess.run(
        ["java", str(HERE / "Validate.java"), str(file)], input=lines, capture_output=True, check=True, timeout=120
    )
    assert [line == "true" for line in xerces.stdout.decode().split()] == expected
