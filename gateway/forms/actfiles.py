"""Reading acts.yaml: the acts of law that our data cite, and the words of citations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.errors import CatalogueError
from gateway.forms.citing import WORDS, Act, Acts
from gateway.forms.findings import LANGUAGES, by_english, four_languages
from gateway.forms.sources import Entry


def read_acts(files: Mapping[str, object], act_of: Callable[[str], str | None]) -> Acts:
    """The acts of every acts.yaml, by its name. Raises CatalogueError naming file and act.

    act_of: form kind -> the act that it follows, None for a kind that is not here.
    """
    of_types = ""
    acts, words, phrases = dict[str, Act](), dict[str, Mapping[str, str]](), dict[str, Mapping[str, str]]()
    for source, data in files.items():
        entry = Entry(data, where=source, required=["acts"], optional=["words", "phrases", "types"])
        of_types = entry.optional_text("types") or of_types
        words |= {name: _words(each, where=f"{source}: {name}") for name, each in entry.mapping("words").items()}
        phrases |= by_english(entry.items("phrases"), where=f"{source}: phrases")
        acts |= {name: _act(each, where=f"{source}: {name}") for name, each in entry.mapping("acts").items()}
    if set(words) != set(WORDS):
        raise CatalogueError("catalogue-file", f"acts.yaml: needs exactly the words {', '.join(WORDS)}")
    return Acts(acts, words, phrases, act_of=act_of, of_types=of_types)


def _words(data: object, *, where: str) -> Mapping[str, str]:
    """How a part of a provision is written, with the blanks and commas before it."""
    four_languages(data, where=where)
    entry = Entry(data, where=where, required=LANGUAGES)
    return {language: entry.text(language) for language in LANGUAGES}


def _act(data: object, *, where: str) -> Act:
    entry = Entry(data, where=where, required=LANGUAGES, optional=["cited_as", "sections"])
    return Act(
        names=four_languages({language: entry.data[language] for language in LANGUAGES}, where=where),
        cited_as=entry.optional_text("cited_as"),
        sections=frozenset(map(str, entry.items("sections"))),
    )
