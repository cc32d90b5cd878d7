"""A gateway whose keys lie in a token: it works as with files, and without the token it says nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.api.app import create_app
from gateway.assembly import auditing
from gateway.demo.pki import DemoFolder
from gateway.envelope import open_envelope
from gateway.errors import ConfigError
from signing import Identity, key_place, load_identity, verify_xml
from tests.conftest import Counter, served
from tests.hsm import Hsm
from tests.patience import http_client


@pytest.fixture(scope="session")
def seals(hsm: Hsm, cast: DemoFolder) -> tuple[str, Identity]:
    """The gateway's seal in a token: where, and what it is."""
    where = hsm.make(
        "sign",
        common_name="Sealpost Demo Gateway",
        authority=load_identity(cast.authority),
        at=datetime.now(UTC) - timedelta(days=1),
        organization="Sealpost Demo",
        organization_identifier="NTRBE-0444444496",
    )
    return where, load_identity(where)


@pytest.fixture
def in_token(open_counter: Callable[..., Counter], seals: tuple[str, Identity]) -> Counter:
    return open_counter(identity=key_place(seals[0]), push_identity=key_place(seals[0]))


def test_it_accepts_and_proves_with_a_seal_in_a_token(in_token: Counter, seals: tuple[str, Identity]) -> None:
    counter, seal = in_token, seals[1]
    accepted = counter.accept(counter.form("be/appeal"), sender="worker")
    gateway = counter.gateway
    proofs = gateway.store.read(lambda view: view.evidence_of(accepted.submission_id))
    assert proofs
    for proof in proofs:
        signatures = verify_xml(proof.raw, trust=counter.trust, at=proof.at).signatures
        assert [each.certificate for each in signatures] == [seal.certificate]
    assert list(auditing(gateway).run()) == []


def test_without_its_token_it_answers_try_again_and_stores_nothing(in_token: Counter, hsm: Hsm) -> None:
    counter = in_token
    headers = {"Authorization": f"Bearer {counter.tokens['worker']}", "Content-Type": "application/xml"}
    form = counter.form("be/appeal")
    with (
        served(create_app(counter.gateway)) as url,
        http_client(url) as client,
    ):

        def hand_in() -> Any:
            return client.post("/v1/submissions", headers=headers, content=form)

        def gone() -> None:
            answer = hand_in()
            assert (answer.status_code, answer.json()["code"]) == (503, "key-unavailable")
            assert "token" not in answer.json()["detail"]
            assert int(answer.headers["Retry-After"]) > 0
            assert list(counter.gateway.store.read(lambda view: view.submission_ids(after=0, limit=1))) == []

        hsm.without_tokens(gone)
        assert hand_in().status_code == 201


def test_a_gateway_whose_token_refuses_it_is_not_built(
    open_counter: Callable[..., Counter], hsm: Hsm, seals: tuple[str, Identity]
) -> None:
    place = key_place(seals[0].replace("object=", "object=no-"))
    with pytest.raises(ConfigError) as refused:
        open_counter(identity=place)
    assert refused.value.code == "service-identity"
    assert "service.identity" in refused.value.detail
    assert str(hsm.pin) not in refused.value.detail


def test_copies_are_opened_with_a_key_in_a_token(in_token: Counter, hsm: Hsm) -> None:
    """The inspectorate keeps its sealing key in a token."""
    counter = in_token
    desk = hsm.load("seal", common_name="Inspectorate", authority=load_identity(counter.folder.authority))
    inspectorate = replace(counter.party("inspectorate"), sealing_certificate=desk.certificate)
    counter.gateway.store.write(lambda unit: unit.put_party(inspectorate, at=counter.gateway.clock.now()))
    form = counter.form("be/appeal")
    accepted = counter.accept(form, sender="worker")
    view = counter.gateway.store.read
    (delivery,) = [
        each for each in view(lambda found: found.deliveries_of(accepted.submission_id)) if each.party == "inspectorate"
    ]
    sealed = view(lambda found: found.envelope(delivery.id))
    assert open_envelope(sealed, identity=desk, trust=counter.trust, at=datetime.now(UTC)).form == form
