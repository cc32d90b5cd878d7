import pytest

from signing import sign_xml
from tests.signing.pki import AT, DOCUMENT, People, make_people


@pytest.fixture(scope="session")
def people() -> People:
    return make_people()


@pytest.fixture(scope="session")
def signed(people: People) -> bytes:
    return sign_xml(DOCUMENT, identity=people.doctor, at=AT)
