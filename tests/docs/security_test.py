"""What docs/security.md says of files, logs and tables."""
import os
import subprocess

from installation import wait_until
from support import BINARY

WITHOUT_ADDRESSES = ("attempt", "audit", "connector", "connector_token", "contact_write", "verification",
                     "verification_run", "worker")
SECRETS = ("xkeysib-simulated", "pat-simulated", "a signing key of more than 32 bytes")


def test_files_are_for_their_user_alone_whatever_the_umask(install):
    here = install(contacts=False, served=False)
    state = here.path / "fresh"
    here.environment |= {"CRMSYNC_STATE_DIR": str(state), "DATABASE_URL": f"sqlite:{state}/crmsync.db"}
    subprocess.run([BINARY, "token"], env=here.environment, umask=0, check=True, capture_output=True)
    subprocess.run([BINARY, "import", "leads.csv", "--rejects", state / "rejects.csv"], cwd=here.path, umask=0,
                   env=here.environment, check=True, capture_output=True)
    subprocess.run([BINARY, "backup", state / "copy.db"], env=here.environment, umask=0, check=True,
                   capture_output=True)
    assert os.stat(state).st_mode & 0o777 == 0o700
    assert {"jwt.key", "crmsync.db", "copy.db"} <= {file.name for file in state.iterdir()}
    assert [file for file in state.iterdir() if file.stat().st_mode & 0o077] == []


def test_logs_and_the_tables_of_what_happened_hold_no_address_and_no_secret(install):
    here = install(settings={"JWT_SECRET_KEY": SECRETS[2], "CRMSYNC_LOG_LEVEL": "debug"})
    here.faults({"match": {"crm": "hubspot"}, "times": 1, "effect": {"kind": "unauthorized"}})
    here.crmsync("select", "hubspot", "--email-contains", "ann@")
    wait_until(lambda: here.status("hubspot")["state"] == "unauthorized", "the key is not refused")
    here.crmsync("verify", "--crm", "brevo")
    kept = {table: str(here.sql(f"SELECT * FROM {table}")) for table in WITHOUT_ADDRESSES}
    assert "upserted" in kept["attempt"]
    for place, text in {**kept, "log": here.log}.items():
        for word in ("@example.com", *SECRETS):
            assert word not in text, f"{word} in {place}"
