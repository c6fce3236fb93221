"""docs/deployment.md: its `console` blocks are run in order, on a machine that may be changed."""
import pytest

from support import PRESET, ROOT, directives, environment_of_unit, free_port, simulated_crms

# systemd does not run on that machine: this starts and stops the service as its unit says, and keeps its log.
SYSTEMCTL = """#!/bin/bash
log=/tmp/crmsync.log pid=/tmp/crmsync.pid
stop() {
    [[ -f $pid ]] || return 0
    kill "$(cat $pid)" && tail --pid="$(cat $pid)" -f /dev/null
    rm $pid
}
start() {
    touch $log
    local lines; lines=$(wc -l <$log)
    setsid setpriv --reuid={User} --regid={Group} --init-groups env {environment} {ExecStart} </dev/null >>$log 2>&1 &
    echo $! >$pid
    grep -q -m1 "listening on" <(tail --pid=$! -n +$((lines + 1)) -F $log 2>/dev/null)
}
case "$*" in
    'enable --now crmsync' | 'start crmsync') start ;;
    'disable --now crmsync' | 'stop crmsync') stop ;;
    'restart crmsync') stop && start ;;
    *) echo "not for this stand-in: $*" >&2; exit 1 ;;
esac
"""
SUDO = """#!/bin/sh
[ "$1" = -u ] || exec "$@"
user=$2
shift 2
exec setpriv --reuid="$user" --regid="$user" --init-groups "$@"
"""


def steps():
    """The commands of the page, in order."""
    found, inside = [], False
    for line in (ROOT / "docs/deployment.md").read_text().splitlines():
        if line.startswith("```"):
            inside = line == "```console"
        elif inside:
            assert line.startswith("$ "), line
            found.append(line.removeprefix("$ "))
    return found


def systemctl():
    unit = (ROOT / "packaging/crmsync.service").read_text()
    words = {**dict(directives(unit)),
             "environment": " ".join(f"{name}={value}" for name, value in environment_of_unit(unit).items())}
    text = SYSTEMCTL
    for name in ("User", "Group", "environment", "ExecStart"):
        text = text.replace(f"{{{name}}}", words[name])
    return text


def stand_in(machine, name, text):
    machine.put(f"/usr/local/bin/{name}", text.encode())
    machine.output_of("chmod", "+x", f"/usr/local/bin/{name}")


@pytest.fixture
def prepared(machine):
    """A machine with stand-ins for what cannot be had there; the editor puts in a simulated Brevo and a free port."""
    stand_in(machine, "systemctl", systemctl())
    stand_in(machine, "journalctl", "#!/bin/sh\nexec cat /tmp/crmsync.log\n")
    stand_in(machine, "sudo", SUDO)
    with simulated_crms() as brevo:
        machine.port = free_port()
        settings = {**brevo, "CRMSYNC_LISTEN": f"127.0.0.1:{machine.port}"}
        lines = "".join(f"{name}={value}\\n" for name, value in settings.items())
        stand_in(machine, "editor", f"#!/bin/sh\nprintf '{lines}' >>\"$1\"\n")
        yield machine
        machine.run("systemctl", "stop", "crmsync")


def wait_until_synced(machine):
    pending = """while crmsyncctl status --json | grep -Eq '"(due|running)":[1-9]'; do :; done"""
    done = machine.run("timeout", "60", "bash", "-c", pending)
    assert done.returncode == 0, done.stderr


def test_the_page_can_be_followed(prepared):
    commands = steps()
    assert len(commands) > 25
    for command in commands:
        words = f"set -o pipefail; cd {ROOT} && {command.replace('localhost:8000', f'localhost:{prepared.port}')}"
        done = prepared.run("bash", "-c", words,
                            environment={"CRMSYNC_PRESET": PRESET, "DEBIAN_FRONTEND": "noninteractive"})
        print("$", command, done.stdout, done.stderr, sep="\n")
        assert done.returncode == 0, command
        if command.startswith("sudo crmsyncctl select"):
            wait_until_synced(prepared)
    assert prepared.run("getent", "passwd", "crmsync").returncode == 2
