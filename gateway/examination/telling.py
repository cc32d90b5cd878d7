"""The verdict told to people, in a language, and to programs, as JSON. No value of a form is in either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from gateway.examination.eventwords import EVENTS, OUTCOMES
from gateway.examination.reasonwords import CODES, DISAGREEMENTS, REASONS
from gateway.examination.verdict import Happening, Link, LinkKind, Standing, Verdict
from gateway.examination.words import (
    HEADINGS,
    HOLDS,
    OTHERWISE,
    PROOFS,
    SOURCES,
    STANDINGS,
    THINGS,
    TIMES,
    TITLES,
    WHOLE,
)
from gateway.forms.rolewords import role_in
from gateway.model import DeliveryState, Event, instant_text
from gateway.receipt import ReceiptOutcome
from gateway.statewords import WORDS

Json = dict[str, Any]


def say(link: Link, language: str) -> str:
    """One link in one sentence."""
    if link.standing is Standing.HOLDS:
        sentence = HOLDS[link.kind][language]
    else:
        sentence = OTHERWISE[link.standing][language].replace("{reason}", _reason(link, language))
    told = sentence.format_map(_Params(_params(link, language)))
    if link.at is None or link.time is None:
        return told
    return f"{told} - {instant_text(link.at)} ({TIMES[link.time][language]})"


def title(link: Link, language: str) -> str:
    """What the link is about, in a word or two."""
    return TITLES[link.kind][language]


def say_happening(happening: Happening, language: str) -> str:
    """One thing that happened, in one line."""
    role = role_in(happening.role, language) if happening.role else ""
    whom = f": {happening.party} ({role})" if happening.party else ""
    return f"{instant_text(happening.at)}  {_event(happening.event, language)}{whom}"


def _reason(link: Link, language: str) -> str:
    known = CODES.get(link.code or "")
    if known is not None:
        return known[language]
    words = "" if link.subindication is None else REASONS[link.subindication][language]
    return f"{words} ({link.code})" if words else f"({link.code})"


def _params(link: Link, language: str) -> dict[str, str]:
    params = dict(link.params)
    event, outcome, state, source, proof, why = (
        params.get(name, "") for name in ("event", "outcome", "state", "source", "proof", "why")
    )
    if event:
        params["event"] = _event(Event(event), language)
    if outcome:
        params["outcome"] = OUTCOMES[ReceiptOutcome(outcome)][language]
    if state:
        params["state"] = WORDS[DeliveryState(state)][language]
    if proof:
        params["proof"] = PROOFS[proof][language].replace("{who}", str(link.who))
    if source:
        params["source"] = SOURCES[source][language]
    if why:
        params["why"] = DISAGREEMENTS[why][language]
    name = params.get("name", "")
    party = f": {name}" if link.kind is LinkKind.STATEMENT and name else ""
    return {**params, "about": link.about, "party": party, "who": str(link.who or "?")}


class _Params(dict[str, str]):
    """What a sentence asks for; a name that the link does not have stays as it is written."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


def _thing(name: str, language: str) -> str:
    return THINGS[name][language] if name in THINGS else name


def _event(event: Event, language: str) -> str:
    words = EVENTS.get(event)
    return str(event) if words is None else words[language]


def verdict_to_json(verdict: Verdict, language: str) -> Json:
    """All of a verdict: the indication, what the package is about, what happened, each link, what is missing."""
    described = verdict.description
    return {
        "indication": verdict.indication,
        "message": WHOLE[verdict.indication][language],
        "validationTime": instant_text(verdict.validation_time),
        "package": None
        if described is None
        else {
            "issuer": described.issuer,
            "madeAt": instant_text(described.made_at),
            "madeFor": described.made_for,
            "whole": described.whole,
            "submissionId": described.submission_id,
            "kind": described.kind,
            "documentId": described.document_id,
            "sender": described.sender,
            "state": described.state,
            "versions": dict(described.versions),
        },
        "story": [_happening_to_json(each, language) for each in verdict.story],
        "links": [_link_to_json(link, language) for link in verdict.links],
        "missing": [
            {"link": link.kind, "about": link.about, "code": link.code, "message": say(link, language)}
            for link in verdict.missing
        ],
    }


def _link_to_json(link: Link, language: str) -> Json:
    who = link.who
    told = {
        "link": link.kind,
        "about": link.about,
        "standing": link.standing,
        "indication": link.indication,
        "subindication": link.subindication,
        "code": link.code,
        "needed": link.needed,
        "who": who and {"name": who.name, "number": who.number, "certificate": who.fingerprint},
        "at": _instant(link.at),
        "timeIs": link.time,
        "covers": dict(link.covers) or None,
        "message": say(link, language),
    }
    return {name: value for name, value in told.items() if value is not None}


def _happening_to_json(happening: Happening, language: str) -> Json:
    told = {
        "event": happening.event,
        "at": instant_text(happening.at),
        "provenAt": _instant(happening.proven_at),
        "evidenceId": happening.evidence_id,
        "party": happening.party,
        "role": happening.role,
        "reasons": list(happening.reasons) or None,
        "message": _event(happening.event, language),
    }
    return {name: value for name, value in told.items() if value is not None}


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def verdict_to_lines(verdict: Verdict, language: str) -> Iterator[tuple[str, Standing | None]]:
    """The verdict as a text of a few paragraphs: each line, with how the link stands that it tells of."""
    heading = {name: words[language] for name, words in HEADINGS.items()}
    yield (
        f"{heading['verdict']}: {verdict.indication} ({heading['judged']} {instant_text(verdict.validation_time)})",
        None,
    )
    yield f"  {WHOLE[verdict.indication][language]}", None
    described = verdict.description
    if described is not None:
        yield f"{heading['about']}:", None
        kind = f"{described.kind} " if described.kind else ""
        yield f"  {kind}{described.submission_id}, {heading['by']} {described.sender}", None
        yield f"  {heading['made']} {described.issuer}, {instant_text(described.made_at)}", None
        yield f"  {heading['versions']}:", None
        for name, word in described.versions.items():
            yield f"    {_thing(name, language)} {word}", None
        if not described.whole:
            yield f"  {heading['part']}", None
    if verdict.story:
        yield f"{heading['happened']}:", None
        for happening in verdict.story:
            yield f"  {say_happening(happening, language)}", None
    yield f"{heading['links']}:", None
    for about, links in _grouped(verdict.links).items():
        yield f"  {about}", None
        for link in links:
            unneeded = "" if link.needed or link.standing is Standing.HOLDS else f" ({heading['unneeded']})"
            sentence = f"{title(link, language)}: {say(link, language)}{unneeded}"
            yield f"    [{STANDINGS[link.standing][language]}] {sentence}", link.standing
            if link.kind is not LinkKind.SEAL:  # its files are listed one by one anyway
                for what, digest in link.covers.items():
                    yield f"        {heading['covers']} {_thing(what, language)} {digest}", None
    if verdict.missing:
        yield f"{heading['missing']}:", None
        for link in verdict.missing:
            yield f"  {title(link, language)}, {link.about}: {say(link, language)}", Standing.MISSING


def _grouped(links: Sequence[Link]) -> dict[str, list[Link]]:
    """What a link is about -> all links about that, in the order in which they were met."""
    groups: dict[str, list[Link]] = {}
    for link in links:
        groups.setdefault(link.about, []).append(link)
    return groups
