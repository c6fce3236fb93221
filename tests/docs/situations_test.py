"""What docs/runbook.md says of things that go wrong outside of crmsync, made to happen to the real program."""
import os
import resource
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from installation import REFUSED, wait_until
from support import BINARY, ROOT, Process

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
THROTTLED = {"match": {"crm": "brevo", "email": "dan@"}, "times": 1,
             "effect": {"kind": "rate_limited", "retry_after_s": 1}}
SLOW = {"match": {"crm": "hubspot"}, "effect": {"kind": "none", "latency_ms": 2000}}


def pid_of(here):
    return int((here.path / "pid").read_text())


def fails(here, *words):
    """What a command says that must fail."""
    done = subprocess.run([BINARY, *words], env=here.environment, cwd=here.path, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def wait_for_status(here, name, status, crm="brevo"):
    wait_until(lambda: here.contact(f"{name}@example.com", crm)[:len(status)] == status, f"{name}: never {status}")


@pytest.fixture
def small_disk(tmp_path):
    """4 MB, of which a file takes what is left until it is removed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no disk to fill: {done.stderr}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(install, small_disk):
    here = install(contacts=False, settings={"DATABASE_URL": f"sqlite:{small_disk}/crmsync.db"})
    here.crmsync("import", "leads.csv")
    here.faults(SLOW)
    here.crmsync("select", "hubspot", "--email-contains", "gil@")
    wait_for_status(here, "gil", ("Processing",), "hubspot")
    ballast = small_disk / "ballast"
    with pytest.raises(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert "database or disk is full" in fails(here, "select", "brevo", "--all")
    token = here.crmsync("token").strip()
    assert here.ask("/api/v3/contacts", token, {"email": "hal@example.com", "context": "x" * 100000})[0] == 503
    assert here.contact("ann@example.com")[0] == "New"
    wait_until(lambda: "fails: SQLite: database or disk is full" in here.log, "nothing is told")
    assert here.ask("/health/ready")[0] == 200
    ballast.unlink()
    here.crmsync("select", "brevo", "--all")
    wait_for_status(here, "ann", ("Complete",))
    wait_for_status(here, "gil", ("Complete",), "hubspot")
    assert here.sql("SELECT count(*) FROM attempt WHERE crm = 'hubspot'")[1] == [["1"]]


def test_a_database_that_is_gone_is_told_and_taken_up_again(install, postgres):
    here = install("postgresql")
    token = here.crmsync("token").strip()
    here.faults(SLOW)
    here.crmsync("select", "hubspot", "--email-contains", "gil@")
    wait_for_status(here, "gil", ("Processing",), "hubspot")
    postgres.halt()
    try:
        assert here.ask("/health/live")[0] == 200
        assert here.ask("/health/ready") == (503, {"detail": "The database is not available"})
        assert here.ask("/api/v3/contacts", token)[0] == 503
        assert "Connection refused" in fails(here, "status")
    finally:
        postgres.run()
    wait_until(lambda: here.ask("/health/ready")[0] == 200, "never ready again")
    wait_for_status(here, "gil", ("Complete",), "hubspot")
    assert here.sql("SELECT outcome FROM attempt WHERE crm = 'hubspot'")[1] == [["upserted"]]


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_clock_that_jumps_stops_nothing(database, install):
    here = install(database, served=False, contacts=False)
    clock = here.path / "clock"
    clock.write_text("+0")
    wrong = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": clock, "FAKETIME_NO_CACHE": 1,
             "DONT_FAKE_MONOTONIC": 1}
    (here.path / "settings").write_text("".join(f"{name}={value}\n" for name, value in wrong.items()))
    here.environment |= {name: str(value) for name, value in wrong.items()}
    here.crmsync("import", "leads.csv")
    here.start()
    for offset, name in (("+3h", "ann"), ("-3h", "bob"), ("+0", "cem")):
        clock.write_text(offset)
        here.crmsync("select", "brevo", "--email-contains", f"{name}@")
        wait_for_status(here, name, ("Complete",))
    # What was queued by a clock that was ahead is due then: a new selection takes it now.
    here.crmsync("pause", "brevo")
    here.crmsync("select", "brevo", "--email-contains", "dan@")
    clock.write_text("-1h")
    here.crmsync("resume", "brevo")
    here.crmsync("select", "brevo", "--email-contains", "fay@")
    wait_for_status(here, "fay", ("Complete",))
    assert here.contact("dan@example.com")[0] == "Selected"
    here.crmsync("select", "brevo", "--sync-status", "brevo=Selected")
    wait_for_status(here, "dan", ("Complete",))
    if database == "postgresql":
        done = subprocess.run([BINARY, "doctor"], env=here.environment, capture_output=True, text=True)
        assert "wrong clock: differs from the database's" in done.stdout


def test_a_name_that_does_not_resolve_costs_a_retry(install):
    here = install(settings={"HUBSPOT_API_BASE_URL": "http://hubspot.invalid"})
    here.crmsync("select", "hubspot", "--email-contains", "ann@")
    wait_for_status(here, "ann", ("Queued", "Error"), "hubspot")
    assert "resolving hubspot.invalid" in here.contact("ann@example.com", "hubspot")[2]
    assert "resolving hubspot.invalid" in fails(here, "test", "hubspot")
    assert "resolving hubspot.invalid" in here.log


def test_running_out_of_file_descriptors_keeps_what_is_connected(install):
    here = install()
    used = len(os.listdir(f"/proc/{pid_of(here)}/fd"))
    resource.prlimit(pid_of(here), resource.RLIMIT_NOFILE, (used + 4, resource.prlimit(
        pid_of(here), resource.RLIMIT_NOFILE)[1]))
    idle = [socket.create_connection(("127.0.0.1", here.port)) for _ in range(16)]
    wait_until(lambda: "cannot accept: Too many open files" in here.log, "it accepts without end")
    here.faults(THROTTLED)  # So that it takes a second.
    here.crmsync("select", "brevo", "--email-contains", "dan@")
    wait_for_status(here, "dan", ("Complete",))
    assert here.log.count("cannot accept") < 8, "it floods the log"
    for connection in idle:
        connection.close()
    assert here.ask("/health/ready")[0] == 200


def test_a_refused_key_stops_its_crm_alone(install):
    here = install()
    here.faults({"match": {"crm": "brevo"}, "effect": {"kind": "unauthorized"}})
    here.crmsync("select", "brevo,hubspot", "--email-contains", "dan@")
    wait_until(lambda: here.status("brevo")["state"] == "unauthorized", "the breaker stays closed")
    here.crmsync("select", "brevo", "--email-contains", "gil@")
    assert "BREVO_API_KEY" in here.status("brevo")["reason"]
    wait_for_status(here, "dan", ("Complete",), "hubspot")
    # It waits, or tests the water; neither costs it anything.
    assert here.sql("SELECT j.retry_count FROM job j JOIN contacts c ON c.id = j.contact_id "
                    "WHERE c.email = 'gil@example.com' AND j.state IN ('queued', 'running')")[1] == [["0"]]
    here.faults()
    here.crmsync("resume", "brevo")
    here.crmsync("retry", "brevo", "--all")
    for name in ("dan", "gil"):
        wait_for_status(here, name, ("Complete",))


def test_a_throttled_crm_costs_nobody_an_attempt(install):
    here = install()
    here.faults(THROTTLED)
    here.crmsync("select", "brevo", "--email-contains", "dan@")
    wait_for_status(here, "dan", ("Complete",))
    assert here.sql("SELECT outcome FROM attempt a JOIN contacts c ON c.id = a.contact_id "
                    "WHERE c.email = 'dan@example.com' ORDER BY a.id")[1] == [["throttled"], ["upserted"]]
    assert here.sql("SELECT retry_count FROM contacts WHERE email = 'dan@example.com'")[1] == [["0"]]


def test_a_killed_service_sends_again_what_was_not_answered(install):
    here = install()
    here.faults({"match": {"crm": "hubspot"}, "effect": {"kind": "never"}})
    here.crmsync("select", "hubspot", "--email-contains", "gil@")
    wait_for_status(here, "gil", ("Processing",), "hubspot")
    os.kill(pid_of(here), signal.SIGKILL)
    (here.path / "pid").unlink()
    here.faults()
    here.start()
    wait_for_status(here, "gil", ("Complete",), "hubspot")
    assert "gave back 1 jobs that a former process held" in here.log


def test_a_stuck_worker_loses_its_contacts_to_another(install, postgres):
    here = install("postgresql")
    here.faults({"match": {"crm": "hubspot"}, "effect": {"kind": "never"}})
    here.crmsync("select", "hubspot", "--email-contains", "gil@")
    wait_for_status(here, "gil", ("Processing",), "hubspot")
    os.kill(pid_of(here), signal.SIGSTOP)
    here.faults()
    with Process([BINARY, "worker"], env=here.environment) as other:
        other.wait_for("Took back 1 jobs of workers that died")
        wait_for_status(here, "gil", ("Complete",), "hubspot")
        os.kill(pid_of(here), signal.SIGCONT)
        wait_until(lambda: "This worker was taken for dead" in here.log, "it goes on as if nothing had been")
        assert other.stop() == 0


def test_a_poison_contact_costs_its_batch_nothing(install):
    here = install()
    here.faults({**REFUSED, "match": {"crm": "hubspot", "email": "bob@"}})
    here.crmsync("select", "hubspot", "--all")
    for name in ("ann", "cem", "dan", "eve", "fay", "gil"):
        wait_for_status(here, name, ("Complete",), "hubspot")
    wait_for_status(here, "bob", ("Error",), "hubspot")


def test_a_changed_signing_key_ends_all_tokens(install):
    here = install(settings={"JWT_SECRET_KEY": "the first of two keys, 32 bytes long"})
    token = here.crmsync("token").strip()
    assert here.ask("/api/v3/crm/health", token)[0] == 200
    here.environment["JWT_SECRET_KEY"] = "the second of two keys, also 32 bytes"
    here.stop()
    here.start()
    assert here.ask("/api/v3/crm/health", token)[0] == 401
    assert here.ask("/api/v3/crm/health", here.crmsync("token").strip())[0] == 200


@pytest.mark.parametrize("settings, said", [
    ({"BREVO_RATE_LIMIT_PER_SECOND": "many"}, "set it to a whole number"),
    ({"JWT_SECRET_KEY": "short"}, "JWT_SECRET_KEY has 5 bytes and needs 32"),
    ({"CRMSYNC_LISTEN": "127.0.0.1:0"}, "another crmsync runs on this database"),
    ({"DATABASE_URL": "sqlite:other.db"}, "Address already in use"),
    ({"DATABASE_URL": "sqlite:/nonexistent/crmsync.db"}, "unable to open database file"),
    ({"DATABASE_URL": "postgresql://127.0.0.1:1/crmsync"}, "Connection refused"),
])
def test_a_service_that_cannot_start_says_why_as_the_page_has_it(settings, said, install):
    here = install(contacts=False)
    here.environment |= settings
    assert said in fails(here, "serve")
    assert f"`{said}`" in (ROOT / "docs/troubleshooting.md").read_text()


def test_an_older_program_refuses_a_newer_database(install):
    here = install(served=False, contacts=False)
    (newest,), = here.sql("SELECT max(version) FROM schema_migration")[1]
    here.sql(f"INSERT INTO schema_migration SELECT {int(newest) + 1}, 'tomorrow', applied_at FROM schema_migration "
             "LIMIT 1")
    assert "newer" in fails(here, "status")
