"""Every rule once, over all kinds and countries, with the form kinds that it speaks about."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import CatalogueError
from gateway.forms.rules import Rule

_VERSION = re.compile(r"/[0-9]+/")


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedRule:
    """A rule and the names of the form kinds that it speaks about (`be/appeal`); none if it speaks about no form."""

    rule: Rule
    kinds: tuple[str, ...]


class RuleList:
    """The rules that were read so far. An id belongs to one file, or to that file in each version of a kind."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._rules: dict[str, Rule] = {}
        self._kinds: dict[str, dict[str, None]] = {}

    def claim(self, rules: Iterable[Rule], *, file: Path) -> None:
        """Note that the ids of these rules belong to `file`. Raises CatalogueError if one belongs to another file."""
        owner = _VERSION.sub("/", file.as_posix())
        for rule in rules:
            first = self._owners.setdefault(rule.id, owner)
            if first != owner:
                raise CatalogueError("catalogue-rules", f"{file}: the id {rule.id} belongs to a rule of {first}")

    def add(self, rules: Iterable[Rule], *, kind: str) -> None:
        """Add rules that a form kind takes; later versions of a kind come later, and win."""
        for rule in rules:
            self._add(rule, [kind])

    def add_country(self, rules: Iterable[Rule], *, file: Path, kinds: Iterable[str]) -> None:
        """Add the rules of a country that has these kinds: each is about those it names (perhaps none), or about all.

        Raises CatalogueError for a kind that is not there, and if an id is that of a rule in another file.
        """
        there = tuple(kinds)
        rules = tuple(rules)
        self.claim(rules, file=file)
        for rule in rules:
            about = there if rule.kinds is None else rule.kinds
            missing = sorted(set(about) - set(there))
            if missing:
                raise CatalogueError("catalogue-rules", f"{file}: {rule.id}: there is no form kind {missing[0]}")
            self._add(rule, about)

    def by_id(self) -> dict[str, ListedRule]:
        """The rules in the order of their ids."""
        return {
            rule_id: ListedRule(rule=self._rules[rule_id], kinds=self._in_order_of_owner(rule_id))
            for rule_id in sorted(self._rules, key=_in_order)
        }

    def _in_order_of_owner(self, rule_id: str) -> tuple[str, ...]:
        """The kinds of a rule, the one in whose folder it stands first."""
        owner = self._owners[rule_id].rpartition("/")[0]
        return tuple(sorted(self._kinds[rule_id], key=lambda kind: kind != owner))

    def _add(self, rule: Rule, kinds: Iterable[str]) -> None:
        self._rules[rule.id] = rule
        self._kinds.setdefault(rule.id, {}).update(dict.fromkeys(kinds))


def _in_order(rule_id: str) -> tuple[str, int]:
    prefix, _, number = rule_id.partition("-")
    return prefix, int(number)
