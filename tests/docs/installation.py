"""What the pages are followed on: a running crmsync with simulated CRMs, a database, and contacts in every state."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from support import BINARY, DEADLINE_S, ROOT, Process, free_port, output_of

# Beside crmsync itself, what its pages call and this machine has no service for.
STAND_INS = {
    "sudo": '#!/bin/sh\n[ "$1" = -u ] && shift 2\nexec "$@"\n',
    "editor": "#!/bin/sh\ntest $# = 1\n",
    "journalctl": '#!/bin/sh\ncat "$CRMSYNC_SERVICE/log"\n',
    # systemctl (start | stop | restart | kill --signal=KILL) crmsync
    "systemctl": """#!/bin/bash
cd "$CRMSYNC_SERVICE"
# Its parent is gone: it may stay a zombie for a while.
ended() { until [[ ! -e /proc/$1 || $(<"/proc/$1/stat") == *") Z "* ]]; do :; done; rm pid; }
stop() { [ ! -e pid ] || { kill "$(<pid)" && ended "$(<pid)"; }; }
start() {
    touch log
    local lines; lines=$(wc -l <log)
    set -a; . ./settings; set +a
    setsid crmsync serve </dev/null >>log 2>&1 &
    echo $! >pid
    grep -q -m1 "listening on" <(tail --pid=$! -s 0.05 -n +$((lines + 1)) -F log 2>/dev/null)
}
case "$*" in
    'start crmsync') start ;;
    'stop crmsync') stop ;;
    'restart crmsync') stop; start ;;
    'kill --signal=KILL crmsync') kill -KILL "$(<pid)" && ended "$(<pid)" ;;
    *) echo "not for this stand-in: $*" >&2; exit 1 ;;
esac
""",
}
REFUSED = {"match": {"crm": "brevo", "email": "bob@"}, "effect": {"kind": "reject"}}
NOT_YET = {"match": {"crm": "brevo", "email": "cem@"}, "effect": {"kind": "respond", "status": 425}}
UNANSWERED = {"match": {"crm": "hubspot", "email": "gil@"}, "effect": {"kind": "never"}}
CONTACTS = """email,name,phone,source_url
ann@example.com,Ann Lee,+1 202 555 0101,https://example.com/team
bob@example.com,Bob Ray,,
cem@example.com,Cem Aksoy,,
dan@example.com,Dan Fox,,
eve@example.com,Eve Sun,,
fay@example.com,Fay Orr,call me maybe,
gil@example.com,Gil Bay,,
"""


def wait_until(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, what


class Postgres:
    """A PostgreSQL server of this session, on a free port and in a directory of its own. Use as a context."""

    @staticmethod
    def start():
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
        return Postgres(found[-1].parent) if found else None

    def __init__(self, programs):
        self.programs = programs
        self.directory = tempfile.mkdtemp(prefix="crmsync-docs-postgres-")
        os.chmod(self.directory, 0o777)
        self.port = free_port()
        self._databases = 0
        self._as_its_user("initdb", "-D", f"{self.directory}/data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                          "--locale=C", "--no-sync")
        self.run()

    def _as_its_user(self, program, *words):
        user = ["/usr/sbin/runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        # Its output goes to a file: a server that is started here would hold a pipe open.
        with open(f"{self.directory}/log", "a") as log:
            done = subprocess.run([*user, str(self.programs / program), *words], stdout=log, stderr=log,
                                  cwd=self.directory)
        assert done.returncode == 0, Path(f"{self.directory}/log").read_text()

    def run(self):
        self._as_its_user("pg_ctl", "start", "-w", "-D", f"{self.directory}/data", "-l", f"{self.directory}/server.log",
                          "-o", f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -k {self.directory}")

    def halt(self):
        self._as_its_user("pg_ctl", "stop", "-w", "-m", "immediate", "-D", f"{self.directory}/data")

    def create_database(self):
        self._databases += 1
        name = f"docs{self._databases}"
        self._as_its_user("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", name)
        return f"postgresql://postgres@127.0.0.1:{self.port}/{name}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.halt()
        shutil.rmtree(self.directory)


class Installation:
    """crmsync with its simulator. Use as a context; `served` starts the service, `contacts` puts some there. `path` is
    its directory, where commands run; `environment` is theirs; `places`: what the pages call where it is."""

    def __init__(self, postgres=None, served=True, contacts=True, settings=None):
        self._postgres = postgres
        self._served = served
        self._contacts = contacts
        self._settings = settings or {}
        self._stack = ExitStack()

    def __enter__(self):
        with self._stack as stack:
            self.path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crmsync-docs-")))
            programs = self.path / "bin"
            programs.mkdir()
            for name in ("crmsync", "crmsyncctl"):
                (programs / name).symlink_to(BINARY)
            for name, text in STAND_INS.items():
                (programs / name).write_text(text)
                (programs / name).chmod(0o755)
            self.port = free_port()
            self.simulator = stack.enter_context(Process(
                [BINARY, "simulate", "--port", "0", "--json", "--unlimited"], stdout=subprocess.PIPE,
                env={"HOME": "/nonexistent"}))
            told = json.loads(self.simulator.first_line())
            self.control = told["control"]
            self.environment = {
                "PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(self.path), "TMPDIR": str(self.path),
                "CRMSYNC_STATE_DIR": str(self.path / "state"), "CRMSYNC_LISTEN": f"127.0.0.1:{self.port}",
                "CRMSYNC_SERVICE": str(self.path), "BREVO_API_KEY": "xkeysib-simulated",
                "BREVO_API_BASE_URL": told["brevo"], "HUBSPOT_API_KEY": "pat-simulated",
                "HUBSPOT_API_BASE_URL": told["hubspot"], "HUBSPOT_AUTO_SETUP": "true",
                "DATABASE_URL": self._postgres.create_database() if self._postgres
                else f"sqlite:{self.path / 'state/crmsync.db'}", **self._settings}
            self.database = "postgresql" if self._postgres else "sqlite"
            self.places = {"localhost:8000": f"localhost:{self.port}", "/var/lib/crmsync": f"{self.path}/state",
                           "http://localhost:9000/_control": self.control}
            (self.path / "settings").write_text("")
            (self.path / "leads.csv").write_text(CONTACTS)
            self.crmsync("migrate")
            if self._served:
                stack.callback(self._kill)
                self.start()
            if self._contacts and self._served:
                self._fill()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _kill(self):
        pid = self.path / "pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGKILL)

    def _fill(self):
        """One contact in every state that rests: Complete, Error, waiting for a retry, New, Skipped, Selected for a
        CRM that is off."""
        self.faults(REFUSED, NOT_YET)
        self.crmsync("import", "leads.csv")
        for name in ("ann", "bob", "cem", "fay"):
            self.crmsync("select", "brevo", "--email-contains", f"{name}@")
        self.crmsync("select", "mautic", "--email-contains", "ann@")
        self.crmsync("skip", "brevo", "--email-contains", "eve@")
        self.settle()

    # -- doing
    def start(self):
        output_of("systemctl", "start", "crmsync", env=self.environment, executable=self.path / "bin/systemctl")

    def stop(self):
        output_of("systemctl", "stop", "crmsync", env=self.environment, executable=self.path / "bin/systemctl")

    @property
    def log(self):
        return (self.path / "log").read_text()

    def crmsync(self, *words, **options):
        return output_of(BINARY, *words, env=self.environment, cwd=self.path, **options)

    def faults(self, *rules):
        request = urllib.request.Request(f"{self.control}/faults", method="PUT", data=json.dumps(rules).encode())
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            assert answer.status in (200, 204)

    # -- looking
    def status(self, crm):
        return json.loads(self.crmsync("status", "--json"))["crms"][crm]

    def contact(self, address, crm="brevo"):
        """What one contact shows: sync status, processing status, error."""
        rows = self.sql(f"SELECT {crm}_sync_status, {crm}_processing_status, {crm}_processing_error FROM contacts "
                        f"WHERE email = '{address}'")[1]
        return tuple(value or None for value in rows[0])

    def settle(self):
        """Until nothing is under way that can end."""
        def settled():
            crms = json.loads(self.crmsync("status", "--json"))["crms"].values()
            return all(not crm["queue"]["due"] and not crm["queue"]["running"] for crm in crms
                       if crm["state"] == "healthy")
        wait_until(settled, "what is due is not worked")

    def sql(self, statement):
        """(columns, rows) as the database's own program prints them."""
        url = self.environment["DATABASE_URL"]
        if self.database == "sqlite":
            command = ["sqlite3", "-cmd", ".timeout 5000", "-header", "-separator", "\x1f", url.removeprefix("sqlite:")]
        else:
            command = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--pset=footer=off", "--field-separator=\x1f",
                       "--set=ON_ERROR_STOP=1", url]
        printed = output_of(*command, input=statement, env=self.environment).splitlines()
        rows = [line.split("\x1f") for line in printed]
        return (rows[0], rows[1:]) if rows else ([], [])

    def ask(self, path, token=None, body=None):
        """(status, answer) of the API; with a body it is a POST."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers, data=data)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)


class Shell:
    """One bash, as a reader's: what a command sets, the next one sees."""

    END = "crmsync-docs-end"

    def __init__(self, installation):
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, cwd=installation.path, env=installation.environment)

    def run(self, command):
        """(exit code, what it printed)."""
        self._process.stdin.write(f"{{ {command}\n}} </dev/null\n{{ code=$?; echo; echo {self.END} $code; }}\n")
        self._process.stdin.flush()
        printed = ""
        for line in self._process.stdout:
            if line.startswith(self.END):
                return int(line.split()[1]), printed.removesuffix("\n")
            printed += line
        raise AssertionError(f"the shell ended in {command}:\n{printed}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=DEADLINE_S)
        self._process.stdout.close()
