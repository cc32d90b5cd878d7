"""Hostile and odd files of every known sort, made when asked for: bombs are not kept in a repository."""

from __future__ import annotations

import gzip

from gateway.forms.parsing import FORM_LIMITS

XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
QUADRATIC = f'<!DOCTYPE a [<!ENTITY q "{"q" * 50_000}">]><a>{"&q;" * 5_000}</a>'

REFUSED: dict[str, tuple[bytes, str]] = {
    "too large": (b"<a>" + b" " * FORM_LIMITS.max_bytes + b"</a>", "XML-001"),
    "empty": (b"", "XML-010"),
    "only white space": (b" \n ", "XML-010"),
    "text": (b"not xml", "XML-010"),
    "json": (b'{"a": 1}', "XML-010"),
    "pdf": (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "XML-002"),
    "zip": (b"PK\x03\x04\x14\x00", "XML-002"),
    "gzip": (gzip.compress(b"<a/>" * 10_000, mtime=0), "XML-002"),
    "cut off": (b"<a><b>", "XML-010"),
    "two roots": (b"<a/><b/>", "XML-010"),
    "NUL": (b"<a>\0</a>", "XML-002"),
    "NUL by reference": (b"<a>&#0;</a>", "XML-010"),
    "control character": (b"<a>\x08</a>", "XML-010"),
    "control character by reference": (b"<a>&#8;</a>", "XML-010"),
    "invalid UTF-8": (b"<a>\xff</a>", "XML-002"),
    "overlong UTF-8": (b"<a>\xc0\xbc</a>", "XML-002"),
    "surrogates in UTF-8": (b"<a>\xed\xa0\x80</a>", "XML-002"),
    "surrogate by reference": (b"<a>&#xD800;</a>", "XML-010"),
    "noncharacter by reference": (b"<a>&#xFFFE;</a>", "XML-010"),
    "UTF-16": ("<a/>".encode("utf-16"), "XML-002"),
    "UTF-16 without mark": ("<a/>".encode("utf-16-le"), "XML-002"),
    "UTF-32": ("<a/>".encode("utf-32"), "XML-002"),
    "two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbf<a/>", "XML-003"),
    "UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-', "XML-003"),
    "Latin-1": (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "XML-003"),
    "Latin-1 in XML 1.1": (b'<?xml version="1.1" encoding="ISO-8859-1"?><a/>', "XML-003"),
    "declared UTF-16": (b'<?xml version="1.0" encoding="UTF-16"?><a/>', "XML-003"),
    "EBCDIC": ('<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037"), "XML-002"),
    "XML 1.1": (b'<?xml version="1.1"?><a/>', "XML-004"),
    "XML 1.2": (b"<?xml version='1.2' encoding='UTF-8'?><a/>", "XML-004"),
    "no version": (b'<?xml encoding="UTF-8"?><a/>', "XML-004"),
    "odd declaration": (b'<?xml version="1.0" author="me"?><a/>', "XML-004"),
    "late declaration": (b' <?xml version="1.0"?><a/>', "XML-006"),
    "second declaration": (b'<?xml version="1.0"?><?xml version="1.0"?><a/>', "XML-006"),
    "billion laughs": (f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(), "XML-005"),
    "quadratic blow-up": (QUADRATIC.encode(), "XML-005"),
    "external entity, file": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "XML-005"),
    "external entity, http": (b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><a>&x;</a>', "XML-005"),
    "parameter entity": (b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]><a/>', "XML-005"),
    "external subset": (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "XML-005"),
    "public identifier": (b'<!DOCTYPE a PUBLIC "-//X//Y" "http://127.0.0.1:9/x"><a/>', "XML-005"),
    "small internal entity": (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "XML-005"),
    "attribute default": (b'<!DOCTYPE a [<!ATTLIST a level CDATA "9">]><a/>', "XML-005"),
    "bare doctype": (b"<!DOCTYPE a><a/>", "XML-005"),
    "doctype after a comment": (b"<!-- c --><!DOCTYPE a><a/>", "XML-005"),
    "doctype after a byte order mark": (b"\xef\xbb\xbf<!DOCTYPE a><a/>", "XML-005"),
    "doctype in lower case": (b"<!doctype a><a/>", "XML-005"),
    "doctype in a comment": (b"<a><!-- <!DOCTYPE a> --></a>", "XML-005"),
    "doctype in a comment before the root": (b"<!-- c-d <!DOCTYPE a> --><a/>", "XML-005"),
    "doctype after declaration and comment": (b'<?xml version="1.0"?>\n<!-- c-d -->\n<!DOCTYPE a><a/>', "XML-005"),
    "doctype in CDATA": (b"<a><![CDATA[<!DOCTYPE a>]]></a>", "XML-005"),
    "undeclared entity": (b"<a>&x;</a>", "XML-010"),
    "instruction in a comment before the root": (b"<!-- <?x?> --><a/>", "XML-006"),
    "style sheet": (b'<?xml-stylesheet href="http://127.0.0.1:9/x"?><a/>', "XML-006"),
    "instruction inside": (b"<a><?x y?></a>", "XML-006"),
    "instruction in CDATA": (b"<a><![CDATA[<?php ?>]]></a>", "XML-006"),
    "instruction after the root": (b"<a/><?x?>", "XML-006"),
    "schema location": (f'<a {XSI} i:schemaLocation="urn:x http://127.0.0.1:9/x"/>'.encode(), "XML-009"),
    "type": (f'<a {XSI}><b i:type="c"/></a>'.encode(), "XML-009"),
    "nil, deep": (f'<a {XSI}><b><c><d i:nil="true"/></c></b></a>'.encode(), "XML-009"),
    "attributes": (b"<a" + b"".join(b' a%d="1"' % n for n in range(101)) + b"/>", "XML-011"),
    "attributes, deep": (b"<a><b><c" + b"".join(b" a%d=''" % n for n in range(5_000)) + b"/></b></a>", "XML-011"),
    "depth": (b"<a>" * 2_000 + b"</a>" * 2_000, "XML-010"),
    "repeated attribute": (b'<a b="1" b="2"/>', "XML-010"),
    "repeated attribute by namespace": (b'<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>', "XML-010"),
    "prefix without namespace": (b"<p:a/>", "XML-010"),
    "less-than in a value": (b'<a b="<"/>', "XML-010"),
    "unquoted value": (b"<a b=1/>", "XML-010"),
    "wrong end": (b"<a></b>", "XML-010"),
}


READ: dict[str, tuple[bytes, str]] = {
    "many attributes": (b"<a" + b"".join(b' a%d="="' % n for n in range(100)) + b">x</a>", "x"),
    "byte order mark": (b"\xef\xbb\xbf<a>x</a>", "x"),
    "declaration": (b'<?xml version="1.0" encoding="utf-8" standalone="no"?>\n<a>x</a>', "x"),
    "CDATA": (b"<a><![CDATA[x]]></a>", "x"),
    "markup in a comment before the root": (b"<!-- a-b <c> --> <a>x</a>", "x"),
    "comment in a value": (b"<a>8506<!-- -->1512390</a>", "85061512390"),
    "character reference": (b"<a>&#120;&amp;</a>", "x&"),
    "line ends": (b"<a>x\r\ny</a>", "x\ny"),
    "astral": ("<a>\U0001f4dc</a>".encode(), "\U0001f4dc"),
}


def floods(sample: bytes) -> dict[str, bytes]:
    """Documents just below the limit that make an engine work, built on a valid sample."""
    size = FORM_LIMITS.max_bytes - len(sample) - 200
    root = sample.index(b">", sample.index(b"<f:"))
    inside = sample.index(b">", sample.index(b"<f:Content"))
    end = sample.rindex(b"</f:Content>")

    def fill(at: int, make: str, width: int) -> bytes:
        parts = "".join(make.format(n=n) for n in range(size // width)).encode()[: size // width * width]
        return sample[:at] + parts + sample[at:]

    return {
        "attributes": fill(inside, ' a{n:06}=""', 11),
        "attributes of one namespace each": fill(inside, ' xmlns:p{n:06}="u{n:06}" p{n:06}:a=""', 37),
        "namespaces": fill(root, ' xmlns:p{n:06}="u{n:06}"', 24),
        "unknown children": fill(end, "<x/>", 4),
        "unknown children of new names": fill(end, "<x{n:06}/>", 10),
        "comments": fill(end, "<!---->", 7),
        "text": fill(end, "x", 1),
        "white space": fill(end, " ", 1),
        "signatures": sample.replace(
            b"</f:Content>",
            b'</f:Content><f:Signatures xmlns:d="http://www.w3.org/2000/09/xmldsig#">'
            + b"<d:Signature/>" * (size // 14)
            + b"</f:Signatures>",
        ),
        "depth": fill(end, "<x>", 3),
        "faults of one name": fill(sample.index(b"<c:Surname>"), "<c:Surname/>", 12),
    }
