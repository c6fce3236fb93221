"""How tools/test_results.py counts."""
import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import test_results  # noqa: E402

PASSED = {"name": "passes", "status": "RUN", "result": "COMPLETED"}
FAILED = {"name": "fails", "status": "RUN", "result": "COMPLETED", "failures": [{"failure": "1 is not 2"}]}
SKIPPED = {"name": "skips", "status": "RUN", "result": "SKIPPED", "skipped": [{"message": "no live key"}]}
DISABLED = {"name": "DISABLED_off", "status": "NOTRUN", "result": "SUPPRESSED"}


class Results(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def stage(self, name, status=0, log="", processes=None):
        """`processes`: CTest name -> (whether CTest calls it passed, its cases or None when it left no report)."""
        (self.directory / f"{name}.status").write_text(f"{status}\n")
        (self.directory / f"{name}.log").write_text(log)
        if processes is None:
            return
        (self.directory / name).mkdir()
        tests = []
        for process, (ok, cases) in processes.items():
            word = "run" if ok else "fail"
            tests.append(f'<testcase name="{process}" status="{word}"><system-out>its output</system-out></testcase>')
            if cases is not None:
                report = {"testsuites": [{"name": "Suite", "testsuite": cases}]}
                (self.directory / name / f"{process}.json").write_text(json.dumps(report))
        (self.directory / name / "ctest.xml").write_text(f"<testsuite>{''.join(tests)}</testsuite>")

    def run_main(self, *stages):
        with contextlib.redirect_stdout(io.StringIO()) as output:
            code = test_results.main(self.directory, stages)
        return code, output.getvalue()

    def test_cases_are_counted_one_by_one(self):
        self.stage("release", processes={"base": (True, [PASSED, SKIPPED, DISABLED]), "http": (True, [PASSED])})
        code, output = self.run_main("release")
        self.assertEqual(output.splitlines()[-1], "2 passed, 0 failed, 1 skipped")
        self.assertEqual(code, 0)
        self.assertIn("no live key", output)

    def test_failures_are_shown_and_counted_once(self):
        self.stage("release", status=8, processes={"base": (False, [PASSED, FAILED])})
        code, output = self.run_main("release")
        self.assertEqual(output.splitlines()[-1], "1 passed, 1 failed, 0 skipped")
        self.assertEqual(code, 1)
        self.assertIn("release: Suite.fails\n1 is not 2", output)

    def test_a_crash_is_one_failure_with_its_output(self):
        self.stage("asan", status=8, processes={"base": (False, None), "http": (True, [PASSED])})
        code, output = self.run_main("asan")
        self.assertEqual(output.splitlines()[-1], "1 passed, 1 failed, 0 skipped")
        self.assertIn("asan: base did not finish\nits output", output)

    def test_a_leak_after_the_cases_is_a_failure(self):
        self.stage("asan", status=8, processes={"base": (False, [PASSED])})
        self.assertIn("1 passed, 1 failed, 0 skipped", self.run_main("asan")[1])

    def test_a_stage_without_ctest_is_one_test(self):
        self.stage("format")
        self.stage("tidy", log="...\nRan 7 tests in 0.1s\n\nOK\n")
        self.stage("release", status=1, log="error: no such type\n")
        code, output = self.run_main("format", "tidy", "release")
        self.assertEqual(output.splitlines()[-1], "9 passed, 1 failed, 0 skipped")
        self.assertIn("error: no such type", output)
        self.assertEqual(code, 1)

    def test_cases_of_another_runner_are_counted_from_its_report(self):
        self.stage("contract", status=1)
        (self.directory / "contract.xml").write_text("""<testsuites>
            <testsuite name="Brevo"><testcase name="creates"/>
                <testcase name="updates"><failure message="broken">id: must be integer</failure></testcase>
            </testsuite>
            <testcase name="HubSpot"><skipped message="no documents"/></testcase></testsuites>""")
        code, output = self.run_main("contract")
        self.assertEqual(output.splitlines()[-1], "1 passed, 1 failed, 1 skipped")
        self.assertEqual(code, 1)
        self.assertIn("contract: Brevo updates\nid: must be integer", output)
        self.assertIn("no documents", output)

    def test_a_case_that_could_not_be_set_up_is_a_failure(self):
        self.stage("packaging", status=1)
        (self.directory / "packaging.xml").write_text("""<testsuites><testsuite name="pytest">
            <testcase name="installs"><error message="failed on setup">no such package</error></testcase>
            </testsuite></testsuites>""")
        output = self.run_main("packaging")[1]
        self.assertEqual(output.splitlines()[-1], "0 passed, 1 failed, 0 skipped")
        self.assertIn("packaging: pytest installs\nno such package", output)

    def test_a_runner_that_broke_off_is_a_failure(self):
        self.stage("contract", status=1, log="npm: no such package\n")
        (self.directory / "contract.xml").write_text('<testsuites><testcase name="creates"/></testsuites>')
        code, output = self.run_main("contract")
        self.assertEqual(output.splitlines()[-1], "1 passed, 1 failed, 0 skipped")
        self.assertIn("npm: no such package", output)

    def test_a_failed_build_is_a_failure_beside_the_cases(self):
        self.stage("release", status=8, log="a.cpp:1: error: no such type\nmore\nninja: build stopped: errors\n",
                   processes={"base": (True, [PASSED]), "e2e": (False, None)})
        output = self.run_main("release")[1]
        self.assertEqual(output.splitlines()[-1], "1 passed, 2 failed, 0 skipped")
        self.assertIn("release: build\na.cpp:1: error: no such type\n", output)


if __name__ == "__main__":
    unittest.main()
