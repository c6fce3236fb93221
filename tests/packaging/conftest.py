import os
import subprocess
from contextlib import contextmanager

import dockerfile
import pytest
from support import BINARY, PRESET, ROOT, Machine


def pytest_sessionstart(session):
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: cmake --build --preset {PRESET} --target crmsync", 1)


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The Debian package, built as the Dockerfile builds it, but of this build."""
    directory = tmp_path_factory.mktemp("package")
    done = subprocess.run([ROOT / "packaging/build-deb", directory], capture_output=True, text=True,
                          env={**os.environ, "CRMSYNC_PRESET": PRESET})
    assert done.returncode == 0, done.stdout + done.stderr
    (deb,) = directory.iterdir()
    return deb


@contextmanager
def new_machine():
    try:
        made = Machine()
    except RuntimeError as why:
        pytest.skip(f"no machine to install on: {why}")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def machine():
    with new_machine() as made:
        yield made


@pytest.fixture
def installed(machine, package):
    """A machine with the package on it."""
    machine.put(f"/package/{package.name}", package.read_bytes())
    machine.output_of("dpkg", "--install", f"/package/{package.name}")
    return machine


@pytest.fixture(scope="module")
def image(package):
    """A machine after the steps of the image's own stage."""
    with new_machine() as made:
        made.put(f"/package/{package.name}", package.read_bytes())
        made.output_of("sh", "-c", dockerfile.only(dockerfile.IMAGE, "RUN"))
        yield made
