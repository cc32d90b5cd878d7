import pytest

from tests.oracles.asking import World


@pytest.fixture(scope="session")
def world() -> World:
    return World()
