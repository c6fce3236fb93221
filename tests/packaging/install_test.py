"""`cmake --install` into a directory, and the unit file as systemd reads it."""
import re
import subprocess

from support import BUILD, ROOT, output_of

UNIT = ROOT / "packaging/crmsync.service"

LAYOUT = {
    "bin/crmsync", "sbin/crmsyncctl", "lib/systemd/system/crmsync.service", "share/crmsync/crmsync.env",
    "share/crmsync/crmsync.toml", "share/doc/crmsync/README.md", "share/doc/crmsync/ARCHITECTURE.md",
    "share/doc/crmsync/CHANGELOG.md", "share/doc/crmsync/copyright", "share/doc/crmsync/env.example",
} | {f"share/doc/crmsync/docs/{page.name}" for page in (ROOT / "docs").iterdir() if page.is_file()}
LAYOUT |= {f"share/crmsync/{folder}/{file.name}" for folder in ("prometheus", "grafana")
           for file in (ROOT / "packaging" / folder).iterdir()}


def test_the_layout_is_whole_and_the_program_runs_there(tmp_path):
    output_of("cmake", "--install", BUILD, "--prefix", tmp_path)
    assert {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()} == LAYOUT
    assert output_of(tmp_path / "bin/crmsync", "--version", env={}).startswith("crmsync ")


def test_the_program_finds_its_libraries_without_the_build(tmp_path):
    output_of("cmake", "--install", BUILD, "--prefix", tmp_path)
    dynamic = output_of("readelf", "--dynamic", tmp_path / "bin/crmsync")
    assert "(NEEDED)" in dynamic
    assert not re.search("RPATH|RUNPATH", dynamic)


def test_systemd_finds_the_service_closed():
    report = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT],
                            capture_output=True, text=True)
    exposure = re.search(r"Overall exposure level for crmsync.service: ([0-9.]+)", report.stdout)
    assert exposure, report.stdout + report.stderr
    print(exposure.group())
    said = f"exposure at {exposure.group(1)} of 10"
    assert said in (ROOT / "docs/deployment.md").read_text(), report.stdout
