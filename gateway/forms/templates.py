"""What a form kind is printed with: typst source and words, read from the folders of the schemas.

`common/rendition/page.typ` is what all prints share and `generic.typ` prints any form; a kind with a template of its
own has `rendition.typ` in its folder, whose words stand in `rendition.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.errors import CatalogueError
from gateway.forms.findings import LANGUAGES
from gateway.forms.folder import SchemaFolder

_GENERIC, _WORDS = Path("common/rendition/generic.typ"), Path("common/rendition/words.yaml")
OWN_TEMPLATE, OWN_WORDS = "rendition.typ", "rendition.yaml"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Template:
    """layout: typst, a file in the folder of the schemas. words: language -> what it says. masks: type of a number ->
    how it is written, `#` for each digit. listed: type whose codes stand in a list -> code -> language -> what is
    printed."""

    layout: Path
    words: Mapping[str, Mapping[str, Any]]
    masks: Mapping[str, str]
    listed: Mapping[str, Mapping[str, Mapping[str, str]]]


def read_template(files: SchemaFolder, home: Path) -> Template:
    """The template of the form kind in the folder `home`. Raises CatalogueError naming the file."""
    own = files.path / home / OWN_TEMPLATE
    said = dict(files.yaml(_WORDS))
    masks, names, titles = (said.pop(part, {}) for part in ("masks", "names", "titles"))
    if (files.path / home / OWN_WORDS).is_file():
        said |= {"own": files.yaml(home / OWN_WORDS)}
    return Template(
        layout=home / OWN_TEMPLATE if own.is_file() else _GENERIC,
        words={language: _in_language(said, language, where=str(home)) for language in LANGUAGES},
        masks=masks,
        listed={name: _listed(files, file, "{title}") for name, file in names.items()}
        | {name: _listed(files, file, "{code} {title}") for name, file in titles.items()},
    )


def _listed(files: SchemaFolder, file: str, written: str) -> dict[str, dict[str, str]]:
    """What is printed for each code of a list, by language."""
    return {
        row["code"]: {each: written.format(code=row["code"], title=row[each]) for each in LANGUAGES if each in row}
        for row in files.yaml(Path(file))["codes"]
    }


def _in_language(data: Mapping[str, Any], language: str, *, where: str) -> dict[str, Any]:
    """The words of one language out of a tree whose leaves are texts, or lists of texts, in four languages."""
    chosen: dict[str, Any] = {}
    for name, entry in data.items():
        if not isinstance(entry, dict):
            raise CatalogueError(
                "catalogue-languages", f"{where}: rendition: {name}: a text in four languages is expected"
            )
        if set(entry) & set(LANGUAGES):
            if set(entry) != set(LANGUAGES):
                raise CatalogueError(
                    "catalogue-languages", f"{where}: rendition: {name}: {', '.join(LANGUAGES)}, each once"
                )
            chosen[name] = entry[language]
        else:
            chosen[name] = _in_language(entry, language, where=f"{where}: {name}")
    return chosen
