"""Dockerfile, compose.yaml and render.yaml. No container engine is needed: the image's steps run in a copy of this
machine's file system, and what the two others say is held against the program."""
import json
import re
import shlex
import shutil
import subprocess
import urllib.request

import pytest
import yaml
from dockerfile import BUILD_STAGE, IMAGE, environment, only
from support import BINARY, ROOT, Process, free_port, known_variables, output_of, simulated_crms

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
RENDER = yaml.safe_load((ROOT / "render.yaml").read_text())


def let_through():
    """What .dockerignore does not keep from the build."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert patterns[0] == "*" and all(pattern.startswith("!") for pattern in patterns[1:])
    return {pattern[1:] for pattern in patterns[1:]}


@pytest.fixture
def context(tmp_path):
    """A folder of what the build would see."""
    wanted = let_through()
    listed = output_of("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    for path in listed:
        if path.split("/")[0] in wanted and (ROOT / path).is_file():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_the_context_holds_all_that_the_build_reads(context):
    (context / "build").mkdir()
    (context / "build/deps").symlink_to(ROOT / "build/deps")  # What tools/install downloads.
    output_of("cmake", "--preset", "release", cwd=context)
    output_of("ninja", "-C", "build/release", "-n", "crmsync", cwd=context)
    installs = (context / "build/release/cmake_install.cmake").read_text()
    named = set(re.findall(rf'"({re.escape(str(context))}[^"]*)"', installs))
    missing = {path for path in named if "/build/release" not in path and not (context / path).exists()}
    assert len(named) > 5 and not missing


def test_the_build_sees_no_secret_and_no_other_build():
    assert not let_through() & {".env", ".git", "build", "crmsync.toml"}


def test_the_build_stage_is_the_script_that_made_this_package(package):
    assert [rest for name, rest in BUILD_STAGE if name == "RUN"] == ["packaging/build-deb /package"]
    assert only(IMAGE, "COPY") == "--from=build /package /package"
    assert package.name.endswith(".deb")


def test_the_image_serves_on_the_platforms_port_and_syncs(image):
    port = free_port()
    command = json.loads(only(IMAGE, "ENTRYPOINT")) + json.loads(only(IMAGE, "CMD"))
    user, health = only(IMAGE, "USER"), only(IMAGE, "HEALTHCHECK").split(" CMD ", 1)[1]
    with simulated_crms() as brevo:
        settings = {**environment(), **brevo, "PORT": str(port)}
        with Process(image.command(command, user, settings)) as service:
            service.wait_for("listening on")
            assert image.run("sh", "-c", health, environment=settings).returncode == 0
            elsewhere = f"http://127.0.0.2:{port}"  # Answers only where all addresses are bound.
            with urllib.request.urlopen(elsewhere + RENDER["services"][0]["healthCheckPath"]) as ready:
                assert ready.status == 200
            image.output_of("crmsync", "import", "-", user=user, environment=settings, input="email\nann@example.com\n")
            image.output_of("crmsync", "select", "brevo", "--all", user=user, environment=settings)
            service.wait_for("Brevo sync: 1 synced")
            assert service.stop() == 0
        assert image.run("sh", "-c", health, environment=settings).returncode != 0


def test_the_image_keeps_its_state_in_a_volume_of_its_user(image):
    assert only(IMAGE, "VOLUME") == environment()["CRMSYNC_STATE_DIR"]
    owner = image.output_of("stat", "--format=%U", only(IMAGE, "VOLUME"))
    assert owner.strip() == only(IMAGE, "USER")
    assert set(environment()) <= known_variables()


def resolved(text, variables):
    """`${NAME:?why}` replaced, as Compose does."""
    return re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: variables[found.group(1)], text)


def test_compose_starts_the_two_services():
    app, postgres = COMPOSE["services"]["app"], COMPOSE["services"]["postgres"]
    assert set(COMPOSE["services"]) == {"app", "postgres"}
    assert app["build"] == "." and set(app["depends_on"]) == {"postgres"}
    used = {volume.split(":")[0] for service in (app, postgres) for volume in service["volumes"]}
    assert used == set(COMPOSE["volumes"])
    assert app["volumes"] == ["state:" + only(IMAGE, "VOLUME")]
    published, inside = app["ports"][0].rsplit(":", 1)
    assert inside == app["environment"]["PORT"] and published.startswith("127.0.0.1:")


def test_compose_and_the_program_understand_each_other(tmp_path):
    variables = {"POSTGRES_PASSWORD": "0123abcd"}
    app, postgres = COMPOSE["services"]["app"], COMPOSE["services"]["postgres"]
    settings = {name: resolved(value, variables) for name, value in app["environment"].items()}
    database = {name: resolved(value, variables) for name, value in postgres["environment"].items()}
    assert set(settings) <= known_variables()
    told = json.loads(output_of(BINARY, "config", "--json", cwd=tmp_path, env={"HOME": str(tmp_path), **settings}))
    assert told["PORT"] == {"value": app["environment"]["PORT"], "from": "environment"}
    assert settings["DATABASE_URL"] == "postgresql://{POSTGRES_USER}:{POSTGRES_PASSWORD}@postgres/{POSTGRES_DB}".format(
        **database)
    assert f"--username={database['POSTGRES_USER']}" in postgres["healthcheck"]["test"]


def test_no_secret_stands_in_the_files():
    for name, service in COMPOSE["services"].items():
        for variable, value in service["environment"].items():
            assert "PASSWORD" not in variable or value.startswith("${POSTGRES_PASSWORD:?"), (name, variable)
    for variable in RENDER["services"][0]["envVars"]:
        assert not re.search("KEY|SECRET|PASSWORD|URL$", variable["key"]) or "value" not in variable, variable


def test_render_sets_what_the_program_knows():
    (service,) = RENDER["services"]
    assert (service["type"], service["runtime"]) == ("web", "docker")
    names = [variable["key"] for variable in service["envVars"]]
    assert len(names) == len(set(names)) and set(names) <= known_variables()
    for variable in service["envVars"]:
        assert len(variable) == 2 and {"value", "generateValue", "sync"} & set(variable), variable
    # What an instance would else make in its state directory, and lose with the next deploy.
    assert {"DATABASE_URL", "JWT_SECRET_KEY", "CRMSYNC_KEY"} <= set(names)


def test_the_settings_of_the_package_are_known(tmp_path):
    text = (ROOT / "packaging/crmsync.env").read_text()
    settings = dict(line.split("=", 1) for line in shlex.split(text, comments=True))
    assert set(settings) <= known_variables()
    told = subprocess.run([BINARY, "config"], cwd=tmp_path, capture_output=True, text=True,
                          env={"HOME": str(tmp_path), "CRMSYNC_ENV_FILE": str(ROOT / "packaging/crmsync.env"),
                               "CRMSYNC_CONFIG": str(ROOT / "packaging/crmsync.toml")})
    assert (told.returncode, told.stderr) == (0, "")
