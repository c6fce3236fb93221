"""That the shell scripts can be read at all: one that cannot runs no test that would tell."""
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ["run", "test", "packaging/build-deb", "packaging/crmsyncctl", "packaging/debian/postinst",
           "packaging/debian/postrm", "packaging/debian/prerm", "tests/contract/run", "tools/install"]


class Scripts(unittest.TestCase):
    def test_are_well_formed(self):
        for script in SCRIPTS:
            with self.subTest(script):
                read = subprocess.run(["bash", "-n", ROOT / script], capture_output=True, text=True)
                self.assertEqual((read.returncode, read.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
