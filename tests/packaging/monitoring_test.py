"""Metrics, rules and dashboard: Prometheus' own tool checks them, and whatever they ask for is really answered."""
import json
import re
import shutil
import subprocess
import urllib.request

import pytest
import yaml

from support import BINARY, PATH, ROOT, Process, free_port, output_of, simulated_crms

RULES = ROOT / "packaging/prometheus/crmsync.rules.yml"
TESTS = ROOT / "packaging/prometheus/crmsync.test.yml"
SCRAPE = ROOT / "packaging/prometheus/scrape.yml"
DASHBOARD = ROOT / "packaging/grafana/crmsync.json"
PAGE = ROOT / "docs/monitoring.md"
PROMTOOL = shutil.which("promtool") or ROOT / "build/deps/prometheus/usr/bin/promtool"
PROMETHEUS_OWN = {"up"}
METRIC = re.compile(r"\b(?:crmsync|process)_[a-z0-9_]+\b|\bup\b")


def rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


ALERTS = [rule for rule in rules() if "alert" in rule]


def expressions_of_dashboard():
    dashboard = json.loads(DASHBOARD.read_text())
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    annotations = [one["expr"] for one in dashboard["annotations"]["list"]]
    variables = [one["query"]["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    return targets + annotations + variables


def metrics_of(expression):
    """The names of metrics that a query asks for: not those of recording rules, nor of labels and their values."""
    without_strings = re.sub(r'"[^"]*"', '""', expression)
    without_recorded = re.sub(r"\b[a-z_]+:[a-z0-9_:]+", "", without_strings)
    return set(METRIC.findall(re.sub(r"\b(?:by|on) \([^)]*\)", "", without_recorded)))


def recorded_of(expression):
    """What it asks of recording rules."""
    found = re.findall(r"\b[a-z_]+:[a-z0-9_:]+", re.sub(r'"[^"]*"', '""', expression))
    return set(found)


def names_in(text):
    """Names of all samples, as a query may ask for them."""
    return {re.split(r"[{ ]", line)[0] for line in text.splitlines() if line and not line.startswith("#")}


def commands_of_page():
    """Of its `console` blocks."""
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    commands = [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    assert len(commands) > 1
    return commands


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """What a crmsync that has synced a contact answers to Prometheus."""
    home = tmp_path_factory.mktemp("home")
    with simulated_crms() as brevo:
        settings = {**brevo, "HOME": str(home), "CRMSYNC_STATE_DIR": str(home / "state"),
                    "CRMSYNC_METRICS_LISTEN": f"127.0.0.1:{free_port()}", "CRMSYNC_LISTEN": "127.0.0.1:0",
                    "CRMSYNC_LOG_LEVEL": "info"}
        with Process([BINARY, "serve"], env=settings, cwd=home) as server:
            api = re.search(r"listening on (http://[0-9.:]+)", server.wait_for("listening on")).group(1)
            output_of(BINARY, "import", "-", env=settings, cwd=home, input="email\nann@example.com\n")
            output_of(BINARY, "select", "brevo", "--all", env=settings, cwd=home)
            server.wait_for("Brevo sync")
            for command in commands_of_page():
                words = command.replace("http://localhost:8000", api)
                output_of("bash", "-o", "pipefail", "-c", words, cwd=home,
                          env={**settings, "PATH": f"{BINARY.parent}:{PATH}"})
            with urllib.request.urlopen(f"http://{settings['CRMSYNC_METRICS_LISTEN']}/metrics") as answer:
                text = answer.read().decode()
            assert server.stop() == 0
    return text


def test_the_metrics_keep_the_conventions(scraped):
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=scraped, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_rules_are_sound():
    output_of(PROMTOOL, "check", "rules", "--lint-fatal", RULES)
    output_of(PROMTOOL, "check", "config", "--syntax-only", SCRAPE)


def test_the_alerts_fire_when_they_should():
    output_of(PROMTOOL, "test", "rules", TESTS)


def test_every_alert_is_tried():
    tried = {one["alertname"] for test in yaml.safe_load(TESTS.read_text())["tests"]
             for one in test["alert_rule_test"] if one["exp_alerts"]}
    assert tried == {rule["alert"] for rule in ALERTS}


def test_every_alert_names_its_remedy():
    headings = {line.removeprefix("### ").lower() for line in PAGE.read_text().splitlines() if line.startswith("### ")}
    for rule in ALERTS:
        name = rule["alert"].lower()
        assert f"docs/monitoring.md#{name}." in rule["annotations"]["description"]
        assert name in headings
        assert rule["labels"]["severity"] in ("warning", "critical")


# A pool is PostgreSQL's; the simulated CRM here works on the embedded database.
POSTGRESQL_ALONE = {"crmsync_database_pool_connections", "crmsync_database_pool_connections_max",
                    "crmsync_database_pool_waiting"}


@pytest.mark.parametrize("expression", [rule["expr"] for rule in rules()] + expressions_of_dashboard())
def test_what_is_asked_for_is_there(expression, scraped):
    assert metrics_of(expression) | recorded_of(expression), "asks for nothing"
    assert metrics_of(expression) - PROMETHEUS_OWN - POSTGRESQL_ALONE <= names_in(scraped)
    assert recorded_of(expression) <= {rule["record"] for rule in rules() if "record" in rule}


def test_every_metric_is_explained(scraped):
    explained = set(re.findall(r"^\| `((?:crmsync|process)_[a-z0-9_]+)`", PAGE.read_text(), re.MULTILINE))
    given = set(re.findall(r"^# TYPE (\S+)", scraped, re.MULTILINE))
    assert explained == given | POSTGRESQL_ALONE


def test_nothing_of_contacts_or_secrets_is_told(scraped):
    assert "example.com" not in scraped
    assert "xkeysib" not in scraped
