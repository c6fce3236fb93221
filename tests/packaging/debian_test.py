"""The Debian package, installed by dpkg on a machine that may be changed."""
import re
import subprocess

import pytest

from support import ROOT, Process, directives, environment_of_unit, output_of, simulated_crms

UNIT = "/usr/lib/systemd/system/crmsync.service"
SETTINGS = "/etc/crmsync/crmsync.env"


def unit_of(machine):
    return machine.output_of("cat", UNIT)


def service_command(machine, *around):
    """What systemd would start, as the user and with the environment of the unit."""
    unit = unit_of(machine)
    words = dict(directives(unit))
    return machine.command([*around, *words["ExecStart"].split()], f"{words['User']}:{words['Group']}",
                           environment_of_unit(unit))


def add_settings(machine, settings):
    text = machine.output_of("cat", SETTINGS) + "".join(f"{name}={value}\n" for name, value in settings.items())
    machine.put(SETTINGS, text.encode())


def deliver_a_contact(machine, service):
    machine.output_of("crmsyncctl", "import", "-", input="email\nann@example.com\n")
    machine.output_of("crmsyncctl", "select", "brevo", "--all")
    service.wait_for("Brevo sync: 1 synced")


def test_it_names_the_libraries_it_needs(package):
    depends = output_of("dpkg-deb", "--field", package, "Depends")
    for needed in ("adduser", "ca-certificates", "libcurl4", "libpq5", "libphonenumber8", "libsqlite3-0", "libssl3"):
        assert re.search(rf"\b{needed}\b", depends), depends
    assert "-dev" not in depends


def test_its_files_are_nobody_elses_business(installed):
    modes = installed.output_of("stat", "--format=%a %U:%G %n", "/etc/crmsync", SETTINGS,
                                "/etc/crmsync/crmsync.toml", "/var/lib/crmsync")
    assert modes.splitlines() == [
        "750 root:crmsync /etc/crmsync", f"640 root:crmsync {SETTINGS}",
        "640 root:crmsync /etc/crmsync/crmsync.toml", "700 crmsync:crmsync /var/lib/crmsync"]


def test_systemd_takes_the_unit(installed):
    done = installed.run("systemd-analyze", "verify", UNIT)
    complaints = [line for line in done.stderr.splitlines() if "crmsync" in line]
    assert (done.returncode, complaints) == (0, [])


def test_the_service_delivers_as_its_unit_starts_it(installed):
    with simulated_crms() as brevo:
        add_settings(installed, {"CRMSYNC_LISTEN": "127.0.0.1:0", **brevo})
        with Process(service_command(installed)) as service:
            service.wait_for("listening on http://127.0.0.1:")
            deliver_a_contact(installed, service)
            assert service.stop() == 0
    assert "ann@example.com" in installed.output_of("crmsyncctl", "contacts", "list")


def syscall_sets():
    """Name -> members, as systemd has them."""
    sets, current = {}, None
    for line in output_of("systemd-analyze", "syscall-filter").splitlines():
        if line.startswith("@"):
            current = sets.setdefault(line.strip(), set())
        elif line.startswith("    ") and not line.strip().startswith("#"):
            current.add(line.strip())
    return sets


def members(sets, name):
    return set().union(*(members(sets, each) if each.startswith("@") else {each} for each in sets[name]))


def allowed_syscalls(unit):
    sets, allowed = syscall_sets(), set()
    for name, value in directives(unit):
        if name == "SystemCallFilter":
            named = set().union(*(members(sets, each) for each in value.removeprefix("~").split()))
            allowed = allowed - named if value.startswith("~") else allowed | named
    return allowed | members(sets, "@default")


def test_the_sandbox_lets_through_what_the_service_calls(installed):
    """systemd is not running here, so its filter is held against the calls that are really made."""
    trace = "/var/lib/crmsync/trace"
    with simulated_crms() as brevo:
        add_settings(installed, {"CRMSYNC_LISTEN": "127.0.0.1:0", **brevo})
        with Process(service_command(installed, "strace", "-D", "-f", "-c", "-U", "name", "-o", trace)) as service:
            service.wait_for("listening on")
            deliver_a_contact(installed, service)
            assert service.stop() == 0
    called = set(re.findall(r"^\w+$", installed.output_of("cat", trace), re.MULTILINE)) - {"total", "syscall"}
    assert {"epoll_wait", "accept4", "fdatasync"} & called, called
    assert called - allowed_syscalls(unit_of(installed)) == set()


def test_an_upgrade_keeps_settings_and_data(installed, package):
    add_settings(installed, {"BREVO_LIST_ID": "7"})
    installed.output_of("crmsyncctl", "import", "-", input="email\nann@example.com\n")
    installed.output_of("dpkg", "--install", f"/package/{package.name}")
    assert "BREVO_LIST_ID=7\n" in installed.output_of("cat", SETTINGS)
    assert "ann@example.com" in installed.output_of("crmsyncctl", "contacts", "list")


def test_removal_keeps_the_data_and_purge_leaves_nothing(installed):
    installed.output_of("crmsyncctl", "import", "-", input="email\nann@example.com\n")
    installed.output_of("dpkg", "--remove", "crmsync")
    left = {path for path in installed.changed() if "crmsync" in path and not path.startswith("/package")}
    assert {SETTINGS, "/var/lib/crmsync/crmsync.db"} <= left
    assert not [path for path in left if path.startswith("/usr")]
    installed.output_of("dpkg", "--purge", "crmsync")
    ours = [path for path in installed.changed() if "crmsync" in path and not path.startswith("/package")]
    assert ours == []
    assert installed.run("getent", "passwd", "crmsync").returncode == 2
    assert installed.run("getent", "group", "crmsync").returncode == 2


def test_crmsyncctl_and_the_unit_agree(installed):
    script = (ROOT / "packaging/crmsyncctl").read_text()
    exported = dict(line.removeprefix("export ").split("=", 1) for line in script.splitlines() if "export" in line)
    assert exported == environment_of_unit(unit_of(installed))


@pytest.mark.parametrize("user", ["nobody", "daemon"])
def test_crmsyncctl_is_for_root_and_its_own_user(installed, user):
    refused = installed.run("crmsyncctl", "status", user=user)
    assert (refused.returncode, refused.stderr) == (1, "crmsyncctl works as the user crmsync: sudo crmsyncctl status\n")
    assert installed.run("crmsyncctl", "status", user="crmsync").returncode == 0
