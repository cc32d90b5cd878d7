"""The administrator's register, and the list of form kinds for everybody."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from gateway.api.access import Language, TheGateway, administrator
from gateway.api.wire import NoQuery, PartyRecord, party_view
from gateway.errors import NotFound, RegistrationRefused
from gateway.forms.kinds import FormKind
from gateway.model import PartyId

router = APIRouter(prefix="/v1/parties", dependencies=[Depends(administrator)])
public = APIRouter()


@router.get("", operation_id="listParties")
def index(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """Every party, national numbers masked."""
    return {"items": [party_view(party) for party in gateway.store.read(lambda view: view.parties())]}


@router.get("/{party_id}", operation_id="getParty")
def read(party_id: str, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """One party."""
    party = gateway.store.read(lambda view: view.party(PartyId(party_id)))
    if party is None:
        raise NotFound("party-not-found", "no such party")
    return party_view(party)


@router.put("/{party_id}", operation_id="putParty")
def put(party_id: str, record: PartyRecord, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """Take or replace a party."""
    if record.id != party_id:
        raise RegistrationRefused("party-id", "the record and the address name different parties", place="id")
    return party_view(gateway.registration.put(record.draft()))


@router.post("/{party_id}/tokens", status_code=201, operation_id="createToken")
def token(party_id: str, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, str]:
    """A fresh access token, shown this once."""
    return {"token": gateway.registration.new_token(PartyId(party_id))}


@router.delete("/{party_id}/tokens", status_code=204, operation_id="revokeTokens")
def revoke(party_id: str, gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> None:
    """Revoke every token of a party, for example when one was lost."""
    gateway.registration.revoke_tokens(PartyId(party_id))


@public.get("/health", operation_id="health")
def health(gateway: TheGateway, _: Annotated[NoQuery, Query()]) -> dict[str, str]:
    """Whether the counter is open: the store answers."""
    gateway.store.read(lambda view: view.party(PartyId("-")))
    return {"status": "UP"}


@public.get("/v1/forms", operation_id="listForms")
def forms(gateway: TheGateway, lang: Language, _: Annotated[NoQuery, Query()]) -> dict[str, Any]:
    """The form kinds that are taken here."""
    return {"items": [_form_view(kind, lang) for kind in gateway.catalogue.kinds]}


@public.get("/v1/forms/{country}/{name}", operation_id="getForm")
def form(
    country: str, name: str, gateway: TheGateway, lang: Language, _: Annotated[NoQuery, Query()]
) -> dict[str, Any]:
    """One form kind: who signs it, to whom the law sends it, which terms run."""
    kind = gateway.catalogue.by_name(f"{country}/{name}")
    if kind is None:
        raise NotFound("form-not-found", "no such form kind")
    acts = gateway.catalogue.acts
    return {
        **_form_view(kind, lang),
        "act": kind.act,
        "articles": list(kind.articles),
        "signatories": [{"role": rule.role, **acts.shown(kind.legal(rule.article), lang)} for rule in kind.signatories],
        "routes": [
            {
                "route": rule.id,
                "role": rule.role,
                **acts.shown(kind.legal(rule.article), lang),
                "copy": rule.copy,
                "of": rule.of,
            }
            for rule in kind.routes
        ],
        "never": sorted(kind.never),
        "terms": [
            {
                "id": term.id,
                **acts.shown([law.legal], lang),
                "act": term.act[lang],
                "length": law.span.length,
                "unit": law.span.unit,
            }
            for term, law in ((rule.term, rule.term.version()) for rule in kind.terms)
        ],
    }


def _form_view(kind: FormKind, lang: str) -> dict[str, Any]:
    return {
        "kind": kind.id,
        "href": f"/v1/forms/{kind.id}",
        "title": kind.title[lang],
        "version": kind.version,
        "namespace": kind.namespace,
        "root": kind.root,
    }
