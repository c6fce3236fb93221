#!/usr/bin/env python3
"""Adds up what the stages of ./test left behind, shows every failure, and ends with "N passed, N failed, N skipped".

usage: tools/test_results.py DIRECTORY STAGE...

Of each stage the directory holds STAGE.status (its exit code), STAGE.log and, where ctest ran, a folder STAGE with
ctest.xml (JUnit) and one NAME.json per ctest test: each is a process of Google Test cases, counted one by one. A
process that left no such file (it crashed or timed out) counts as one failure, and so does a build that failed, or a
stage that failed elsewhere. Where another runner ran, STAGE.xml (JUnit) has its cases.
"""
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 60


@dataclass
class Tally:
    passed: int = 0
    failures: list = field(default_factory=list)  # (title, text)
    skips: list = field(default_factory=list)  # (title, reason)

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips


def tail(text):
    return "\n".join(text.rstrip().split("\n")[-TAIL_LINES:])


def gtest_tally(report, stage):
    """Of one process's Google Test JSON."""
    tally = Tally()
    for suite in report["testsuites"]:
        for case in suite["testsuite"]:
            title = f"{stage}: {suite['name']}.{case['name']}"
            if case["status"] == "NOTRUN":
                continue  # Disabled.
            if "failures" in case:
                tally.failures.append((title, "\n".join(one["failure"] for one in case["failures"])))
            elif case["result"] == "SKIPPED":
                tally.skips.append((title, " ".join(one["message"].strip() for one in case.get("skipped", []))))
            else:
                tally.passed += 1
    return tally


def ctest_tally(folder, stage):
    """Of ctest's JUnit report and the Google Test reports beside it."""
    tally = Tally()
    for test in ElementTree.parse(folder / "ctest.xml").getroot().iter("testcase"):
        name, ok = test.get("name"), test.get("status") == "run"
        report = folder / f"{name}.json"
        cases = gtest_tally(json.loads(report.read_text()), stage) if report.is_file() else None
        if cases:
            tally.add(cases)
        if not ok and not (cases and cases.failures):
            what = "failed outside its cases" if cases else "did not finish"
            tally.failures.append((f"{stage}: {name} {what}", tail(test.findtext("system-out") or "")))
        elif ok and cases is None:
            tally.passed += 1
    return tally


def junit_tally(report, stage):
    """Of a JUnit report whose suites hold their cases, at any depth."""
    tally = Tally()
    for suite in ElementTree.parse(report).getroot().iter():
        for case in suite.findall("testcase"):
            title = f"{stage}: {suite.get('name', '')} {case.get('name')}"
            failures = [*case.findall("failure"), *case.findall("error")]
            skipped = case.find("skipped")
            if failures:
                failure = failures[0]
                tally.failures.append((title, tail(failure.text or failure.get("message", ""))))
            elif skipped is not None:
                tally.skips.append((title, skipped.get("message", "")))
            else:
                tally.passed += 1
    return tally


def stage_tally(directory, stage):
    ok = (directory / f"{stage}.status").read_text().strip() == "0"
    log = (directory / f"{stage}.log").read_text(errors="replace")
    if (directory / stage / "ctest.xml").is_file():
        tally = ctest_tally(directory / stage, stage)
    elif (directory / f"{stage}.xml").is_file():
        tally = junit_tally(directory / f"{stage}.xml", stage)
    else:
        # A stage without cases is one test, and those of Python's unittest that it ran.
        tally = Tally(passed=sum(int(count) for count in re.findall(r"^Ran (\d+) tests? in", log, re.MULTILINE)))
        tally.passed += ok
    if "ninja: build stopped" in log:
        errors = [line for line in log.split("\n") if re.search(r"error: |^FAILED: ", line)]
        tally.failures.append((f"{stage}: build", "\n".join(errors)))
    if not ok and not tally.failures:
        tally.failures.append((stage, tail(log)))
    return tally


def main(directory, stages):
    tally = Tally()
    for stage in stages:
        tally.add(stage_tally(Path(directory), stage))
    for title, text in tally.failures:
        print(f"---- {title}\n{text}\n")
    for reason in sorted({reason for _, reason in tally.skips}):
        titles = [title for title, why in tally.skips if why == reason]
        print(f"skipped {len(titles)} such as {titles[0]}: {reason or 'no reason given'}")
    print(f"{tally.passed} passed, {len(tally.failures)} failed, {len(tally.skips)} skipped")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
