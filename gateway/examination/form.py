"""The form itself, and its renditions: who signed it, and whether it is the one that all the rest is about.

A rendition shows the form. What its pages show is proven by printing the form again, or vouched for by the service's
seal over that very file. Who signs a rendition vouches for its pages no more than for the form in it: anybody may have
put other pages around that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.examination.grounds import Material, failure, fault, gap
from gateway.examination.statements import Acknowledged, Signed, Stated
from gateway.examination.verdict import Link, LinkKind, Standing, TimeKind, Who
from gateway.model import SubmissionState
from gateway.package import FORM, RENDITION
from signing import (
    Indication,
    SignatureAssessment,
    ValidatedSignature,
    VerificationFailed,
    assess_xml,
    is_signed_copy,
    sha256,
    validate_pdf,
)


def examine_form(
    material: Material, signed: Signed, stated: Sequence[Stated], acknowledged: Sequence[Acknowledged]
) -> Iterator[Link]:
    """Whether the form is the one that statements and receipts name, and whether its signatures hold.

    A statement that names the form proves that the form is at least as old as itself.
    """
    raw = material.package.files.get(FORM)
    if raw is None:
        yield gap(LinkKind.FORM, FORM, "form-not-in-package", needed=False)
        return
    digest = sha256(raw)
    naming = [each for each in stated if each.statement.document is not None]
    others = [each.name for each in naming if each.statement.document and not each.statement.document.is_of(digest)]
    others += [each.name for each in acknowledged if each.receipt.document_digest != digest]
    if others:
        yield fault(LinkKind.BINDING, FORM, "about-other-bytes")
    elif not naming:
        yield Link(kind=LinkKind.BINDING, standing=Standing.OPEN, about=FORM, code="nothing-binds-it")
    else:
        yield Link(
            kind=LinkKind.BINDING,
            standing=Standing.HOLDS,
            about=FORM,
            covers={FORM: digest},
            params={"count": str(len(naming) + len(acknowledged))},
        )
    # A refused form may be anything at all: what was wrong with it was stated when it was refused.
    needed = material.description.state != SubmissionState.REJECTED
    proven = [material.proven[each.name] for each in naming if not others and each.name in material.proven]
    judged_at = min([material.grounds.at, *proven])
    assessed = assess_xml(raw, policy=material.grounds.policy, validation_time=judged_at, known=material.known)
    for each in assessed.signatures:
        if each.passed is not None:
            signed.remember(each.passed.statuses)
        yield _signature_link(each, needed=needed)


def _signature_link(found: SignatureAssessment, *, needed: bool) -> Link:
    passed = found.passed
    if passed is None:
        refuted = found.indication is Indication.TOTAL_FAILED and needed
        return Link(
            kind=LinkKind.FORM,
            standing=Standing.FAILS if refuted else Standing.OPEN,
            about=FORM,
            code=found.code,
            subindication=found.subindication,
            needed=needed,
        )
    signature = passed.signature
    return Link(
        kind=LinkKind.FORM,
        standing=Standing.HOLDS,
        about=FORM,
        who=Who.signing(signature),
        at=signature.signing_time,
        time=TimeKind.CLAIMED,
        covers={} if found.signed_info is None else {"signed info": sha256(found.signed_info)},
        needed=needed,
    )


def examine_renditions(material: Material, signed: Signed) -> Iterator[Link]:
    """Whether each rendition carries the form and shows what the form says. The form is the original: no verdict needs
    a rendition, but one that carries another form fails."""
    form = material.package.files.get(FORM)
    for name, raw in material.package.files.items():
        matched = RENDITION.fullmatch(name)
        if matched is None:
            continue
        if form is None:
            yield _unproven(name, "without-form")
            continue
        reprint = material.grounds.reprint
        printed = None if reprint is None else reprint(form, matched[1])
        if printed == raw:
            yield _rendition(name, "printed-again", None)
        else:
            yield _signed_rendition(material, signed, name, form, printed)


def _signed_rendition(material: Material, signed: Signed, name: str, form: bytes, printed: bytes | None) -> Link:
    """What is known of a rendition by its signature, by the print in front of that, and by the seal over the file."""
    grounds, raw = material.grounds, material.package.files[name]
    sealed = name in material.sealed
    try:
        validated = validate_pdf(raw, policy=grounds.policy, validation_time=grounds.at, kept=material.kept)
    except VerificationFailed as error:
        if error.code == "no-signature":
            return _rendition(name, "sealed", None) if sealed else _unproven(name, "pages-not-proven")
        return failure(LinkKind.RENDITION, name, error, needed=False)
    if validated.source != form:
        return fault(LinkKind.RENDITION, name, "attached-form-differs")
    signed.remember(validated.signature.statuses)
    if printed is not None and is_signed_copy(validated.signed, printed):
        return _rendition(name, "printed-again-signed", validated.signature)
    return _rendition(name, "sealed", None) if sealed else _unproven(name, "pages-not-proven")


def _rendition(name: str, proof: str, validated: ValidatedSignature | None) -> Link:
    signature = None if validated is None else validated.signature
    return Link(
        kind=LinkKind.RENDITION,
        standing=Standing.HOLDS,
        about=name,
        who=None if signature is None else Who.signing(signature),
        at=None if signature is None else signature.signing_time,
        time=None if signature is None else TimeKind.CLAIMED,
        needed=False,
        params={"proof": proof},
    )


def _unproven(name: str, code: str) -> Link:
    return Link(kind=LinkKind.RENDITION, standing=Standing.OPEN, about=name, code=code, needed=False)
