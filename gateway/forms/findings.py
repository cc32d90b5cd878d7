"""Findings: what is wrong in a document, by code and place, never by value; and the words for them in four languages.

A finding carries a stable code, a path made of names that our own schemas know, a line, and parameters that come from
our schemas. The texts live in data: `schemas/common/1/messages.yaml` for our codes, each rule's own texts beside the
rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.errors import CatalogueError, Unreadable
from gateway.forms.citing import Acts, Legal, articles_in_one_line, read_legal

LANGUAGES = ("en", "nl", "fr", "de")
LANGUAGE_NAMES: Mapping[str, str] = {"en": "English", "nl": "Nederlands", "fr": "Français", "de": "Deutsch"}
DEFAULT_LANGUAGE = "en"

_PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
_CODE = re.compile(r"(?:XML|JSON|XSD|RUL|SIG|GW|GEN)-[A-Z0-9]+(?:-[A-Z0-9]+)*")
_REQUIRED = frozenset({"severity", "message", "fix"})


class Severity(StrEnum):
    """Whether a finding refuses the form, flags it, or only remarks."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Phase(StrEnum):
    """The step of the way that found it."""

    PARSE = "parse"
    SCHEMA = "schema"
    RULES = "rules"
    SIGNATURE = "signature"
    RECORDS = "records"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One fault found.

    path: readable, with our prefixes; a node that our schemas do not know is `*[n]`, an attribute `@*`.
    rule, legal: the rule it breaks and where the law says so.
    pointer: the same place in the JSON view (RFC 6901), if the form came as one.
    params: (name, text) pairs for the message; made from our schemas, from numbers and from positions only.
    """

    code: str
    severity: Severity
    phase: Phase
    path: str | None = None
    line: int | None = None
    rule: str | None = None
    legal: tuple[Legal, ...] = ()
    params: tuple[tuple[str, str], ...] = ()
    pointer: str | None = None

    @property
    def article(self) -> str | None:
        """Where the law says so, as our data write it; None where nothing is named."""
        return articles_in_one_line(self.legal) or None


class Rejected(Unreadable):
    """Bytes that are not what is asked for. findings: at least one, each with its place and nothing of the bytes.

    messages: their words, with those of the rules of the form kind as far as it is known; None for those of our codes.
    """

    def __init__(self, detail: str, findings: Sequence[Finding], messages: MessageCatalogue | None = None) -> None:
        super().__init__(findings[0].code, detail)
        self.findings = tuple(findings)
        self.messages = messages


class XmlRejected(Rejected):
    """Bytes that are not an XML form we read."""

    def __init__(self, finding: Finding) -> None:
        where = "" if finding.line is None else f" (line {finding.line})"
        super().__init__(f"the document was refused before it was read further{where}", (finding,))


class JsonRejected(Rejected):
    """JSON that is not the view of a form."""


class NotViewable(Rejected):
    """A document that its schema refuses: what is out of place would be lost in another format."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """The words of one code: what is wrong, what would be right (`hint`), the way out (`fix`), each by language.

    The hint is left out when its placeholders are not among a finding's params.
    """

    severity: Severity
    message: Mapping[str, str]
    fix: Mapping[str, str]
    hint: Mapping[str, str] | None = None
    legal: tuple[Legal, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """A finding put into one language.

    detail: what the schema says where `message` is the rule's. place: the path in the names of the form's fields.
    article: where the law says so.
    """

    message: str
    fix: str
    detail: str | None = None
    place: str | None = None
    article: str | None = None


class Naming(Protocol):
    """What names places for people."""

    def place(self, path: str, language: str) -> str:
        """The names of the fields that a path leads through."""


class MessageCatalogue:
    """Code -> message; texts of rules can be laid over it."""

    def __init__(
        self,
        messages: Mapping[str, Message],
        rules: Mapping[str, Message] | None = None,
        last_resorts: frozenset[str] = frozenset(),
        labels: Naming | None = None,
        *,
        acts: Acts,
    ) -> None:
        self.acts = acts
        self._messages = messages
        self._rules = rules or {}
        self._last_resorts = last_resorts
        self._labels = labels

    @classmethod
    def from_data(cls, data: object, *, source: str, acts: Acts) -> MessageCatalogue:
        """Read the content of messages.yaml. acts: those that are cited. Raises CatalogueError naming file and code."""
        if not isinstance(data, dict):
            raise CatalogueError("catalogue-messages", f"{source}: a mapping of codes is expected")
        return cls(
            {str(code): _message(entry, where=f"{source}: {code}", code=str(code)) for code, entry in data.items()},
            acts=acts,
        )

    @property
    def codes(self) -> frozenset[str]:
        """Every code that has words."""
        return frozenset(self._messages)

    def __getitem__(self, code: str) -> Message:
        return self._messages[code]

    def about(self, name: str) -> Message | None:
        """The words of a rule or of a code, whichever has that name."""
        return self._rules.get(name) or self._messages.get(name)

    def with_rules(
        self, rules: Mapping[str, Message], last_resorts: frozenset[str], labels: Naming | None = None
    ) -> MessageCatalogue:
        """The same catalogue with the words of a form kind's rules and the names of its fields.

        last_resorts: rules that answer for the schema as a whole, whose words say less than those of the code.
        """
        return MessageCatalogue(self._messages, rules, last_resorts, labels, acts=self.acts)

    def finding(
        self,
        code: str,
        phase: Phase,
        *,
        path: str | None = None,
        line: int | None = None,
        params: tuple[tuple[str, str], ...] = (),
    ) -> Finding:
        """A finding of that code with the severity and place in the law that the catalogue gives it."""
        entry = self._messages[code]
        return Finding(
            code=code,
            severity=entry.severity,
            phase=phase,
            path=path,
            line=line,
            legal=entry.legal,
            params=params,
        )

    def words(self, finding: Finding, language: str) -> Words:
        """`finding` in `language`: the rule's words where a rule speaks, else those of the code.

        An unknown language gets the default one; a code without words (a defect, kept visible) gets itself.
        """
        language = language if language in LANGUAGES else DEFAULT_LANGUAGE
        general = finding.rule in self._last_resorts and finding.rule != finding.code
        of_rule = None if finding.rule is None or general else self._rules.get(finding.rule)
        of_code = self._messages.get(finding.code)
        said = _said(of_code, finding, language) if of_code else None
        place = self._labels.place(finding.path, language) if self._labels and finding.path else None
        article = self.acts.cite(finding.legal, language) or None
        if of_rule is None:
            fix = _fill(of_code.fix[language], finding) if of_code else ""
            return Words(message=said or finding.code, fix=fix, place=place, article=article)
        message, fix = of_rule.message[language], of_rule.fix[language]
        return Words(message=message, fix=fix, detail=said, place=place, article=article)


def four_languages(entry: object, *, where: str) -> dict[str, str]:
    """A text in exactly our four languages with equal placeholders. Raises CatalogueError."""
    if not isinstance(entry, dict) or set(entry) != set(LANGUAGES):
        raise CatalogueError(
            "catalogue-languages", f"{where}: needs a text in each of {', '.join(LANGUAGES)} and no other"
        )
    texts = {}
    for language in LANGUAGES:
        text = entry[language]
        if not isinstance(text, str) or not text.strip():
            raise CatalogueError("catalogue-languages", f"{where}: the text in {language} is empty")
        texts[language] = " ".join(text.split())
    if len({frozenset(_PLACEHOLDER.findall(text)) for text in texts.values()}) > 1:
        raise CatalogueError("catalogue-placeholders", f"{where}: the placeholders differ between languages")
    return texts


def by_english(rows: object, *, where: str) -> dict[str, Mapping[str, str]]:
    """A list of texts in our four languages, by their English. Raises CatalogueError, also where one is there twice."""
    if not isinstance(rows, list):
        raise CatalogueError("catalogue-file", f"{where}: a list of texts in four languages is expected")
    table: dict[str, Mapping[str, str]] = {}
    for number, row in enumerate(rows, start=1):
        texts = four_languages(row, where=f"{where}: {number}")
        if texts[DEFAULT_LANGUAGE] in table:
            raise CatalogueError("catalogue-file", f"{where}: {number}: is there twice")
        table[texts[DEFAULT_LANGUAGE]] = texts
    return table


def _message(entry: object, *, where: str, code: str) -> Message:
    if _CODE.fullmatch(code) is None:
        raise CatalogueError("catalogue-messages", f"{where}: not one of our codes")
    if not isinstance(entry, dict) or not entry.keys() >= _REQUIRED or entry.keys() - _REQUIRED - {"hint", "legal"}:
        raise CatalogueError("catalogue-messages", f"{where}: needs severity, message, fix; may have hint, legal")
    if entry["severity"] not in tuple(Severity):
        raise CatalogueError("catalogue-messages", f"{where}: severity is wrong")
    return Message(
        severity=Severity(entry["severity"]),
        message=four_languages(entry["message"], where=f"{where}.message"),
        fix=four_languages(entry["fix"], where=f"{where}.fix"),
        hint=four_languages(entry["hint"], where=f"{where}.hint") if "hint" in entry else None,
        legal=read_legal(entry.get("legal", []), where=f"{where}.legal"),
    )


def _said(entry: Message, finding: Finding, language: str) -> str:
    said = _fill(entry.message[language], finding)
    if entry.hint is None:
        return said
    params = {name for name, _ in finding.params}
    hint = entry.hint[language]
    return f"{said} {_fill(hint, finding)}" if params.issuperset(_PLACEHOLDER.findall(hint)) else said


def _fill(template: str, finding: Finding) -> str:
    params = dict(finding.params)
    return _PLACEHOLDER.sub(lambda match: params.get(match[1], "?"), template)
