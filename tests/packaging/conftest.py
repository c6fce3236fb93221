import subprocess

import pytest

from support import BINARY, PRESET, ROOT, Machine


def pytest_sessionstart(session):
    if not BINARY.is_file():
        pytest.exit(f"{BINARY} is missing: cmake --build --preset {PRESET} --target crmsync", 1)


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The Debian package, built as the Dockerfile builds it, but of this build."""
    directory = tmp_path_factory.mktemp("package")
    done = subprocess.run([ROOT / "packaging/build-deb", directory], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (deb,) = directory.iterdir()
    return deb


@pytest.fixture
def machine():
    try:
        made = Machine()
    except RuntimeError as why:
        pytest.skip(f"no machine to install on: {why}")
    yield made
    made.close()


@pytest.fixture
def installed(machine, package):
    """A machine with the package on it."""
    machine.put(f"/package/{package.name}", package.read_bytes())
    machine.output_of("dpkg", "--install", f"/package/{package.name}")
    return machine
