import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "packaging"))

from installation import Installation, Postgres  # noqa: E402
from support import BINARY, PRESET  # noqa: E402


def pytest_sessionstart(session):
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: cmake --build --preset {PRESET} --target crmsync", 1)


@pytest.fixture(scope="session")
def postgres():
    server = Postgres.start()
    if not server:
        pytest.skip("no PostgreSQL server is installed")
    with server:
        yield server


@pytest.fixture
def install(request):
    """Makes installations that are taken away after the test: install(), install(database="postgresql", ...)."""
    with ExitStack() as made:
        def make(database="sqlite", **options):
            server = request.getfixturevalue("postgres") if database == "postgresql" else None
            return made.enter_context(Installation(server, **options))
        yield make
