"""What the tests of packaging share: the build they look at, processes, and a machine they may change."""
import json
import os
import queue
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRESET = os.environ.get("CRMSYNC_PRESET", "test")
BUILD = ROOT / "build" / PRESET
BINARY = BUILD / "crmsync"
DEADLINE_S = 60
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def output_of(*command, **options):
    """Standard output of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def known_variables():
    """Every name the program reads from its environment."""
    with tempfile.TemporaryDirectory() as nowhere:
        settings = json.loads(output_of(BINARY, "config", "--json", cwd=nowhere, env={"HOME": nowhere}))
    return set(settings) | {f"{name}_FILE" for name in settings}


def directives(unit):
    """(name, value) of a unit file, in order."""
    lines = [line for line in unit.splitlines() if line and line[0] not in "#["]
    return [tuple(line.split("=", 1)) for line in lines]


def environment_of_unit(unit):
    return dict(value.split("=", 1) for name, value in directives(unit) if name == "Environment")


class Process:
    """A program whose standard error is read as it comes. Use as a context: it is stopped at the end."""

    def __init__(self, command, **options):
        self.log = ""
        self._lines = queue.Queue()
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self._process.stderr:
            self._lines.put(line)
        self._lines.put(None)

    def first_line(self):
        """Of its standard output, which must be a pipe."""
        return self._process.stdout.readline()

    def wait_for(self, text):
        """The first new line that holds the text."""
        while True:
            try:
                line = self._lines.get(timeout=DEADLINE_S)
            except queue.Empty:
                line = None
            assert line is not None, f"ended or fell silent without {text!r}:\n{self.log}"
            self.log += line
            if text in line:
                return line

    def stop(self):
        """Asks it to end; its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        code = self._process.wait(timeout=DEADLINE_S)
        self._reader.join()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()


@contextmanager
def simulated_crms():
    """Runs the simulator; yields the settings that make crmsync call its Brevo."""
    command = [BINARY, "simulate", "--port", "0", "--json"]
    with Process(command, stdout=subprocess.PIPE, env={"HOME": "/nonexistent"}) as simulator:
        told = json.loads(simulator.first_line())
        yield {"BREVO_API_KEY": "xkeysib-simulated", "BREVO_API_BASE_URL": told["brevo"]}


class Machine:
    """A copy of this machine's file system that a test may change: an overlay in a mount namespace of its own, which
    is gone with the object. Needs the rights of root; RuntimeError says why it cannot be had."""

    MOUNT = """
        mount -t tmpfs tmpfs "$0" && cd "$0" && mkdir changes work root
        mount -t overlay overlay -o "lowerdir=/,upperdir=$0/changes,workdir=$0/work" root
        for folder in proc sys dev; do mount --rbind "/$folder" "root/$folder"; done
        echo ready
        exec cat
    """

    def __init__(self):
        self._place = tempfile.mkdtemp(prefix="crmsync-machine-")
        self._keeper = subprocess.Popen(["unshare", "--mount", "sh", "-ec", self.MOUNT, self._place], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self._keeper.stdout.readline() != "ready\n":
            why = self._keeper.communicate()[1].strip()
            shutil.rmtree(self._place)
            raise RuntimeError(why)

    def close(self):
        self._keeper.communicate()
        os.rmdir(self._place)

    def command(self, command, user="root", environment=None):
        """The words that run a command there, with nothing in its environment but what is given."""
        settings = [f"{name}={value}" for name, value in {"PATH": PATH, **(environment or {})}.items()]
        return ["nsenter", "--mount", f"--target={self._keeper.pid}", "chroot", f"--userspec={user}",
                f"{self._place}/root", "env", "-i", *settings, *command]

    def run(self, *command, user="root", environment=None, **options):
        return subprocess.run(self.command(command, user, environment), capture_output=True, text=True, **options)

    def output_of(self, *command, **options):
        done = self.run(*command, **options)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def put(self, path, content):
        """Writes a file, and the folders above it."""
        command = self.command(["sh", "-c", 'mkdir -p "$(dirname "$0")" && cat >"$0"', path])
        subprocess.run(command, input=content, check=True)

    def changed(self):
        """Paths of all that was made or replaced there; what was removed again is not among them."""
        found = output_of("nsenter", "--mount", f"--target={self._keeper.pid}", "find", f"{self._place}/changes",
                          "!", "-type", "c", "-printf", "/%P\\n")
        return set(found.splitlines())
