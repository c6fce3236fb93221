#!/usr/bin/env python3
"""The house rules as a test: what a compiler does not check and a reviewer should not have to.

usage: tools/tidy.py [--root DIR]

Prints one line per problem, `path:line: rule: what to do instead`, and exits with 1 when there is any. The rules are
the functions marked @rule; each takes the tree and yields problems. tests/tools/tidy_test.py shows what each refuses.
"""
import argparse
import ast
import functools
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

COLUMNS_MAX = 120
FUNCTION_LINES_MAX = 70
SUBJECT_MAX = 72

TEXT_SUFFIXES = {".cpp", ".h", ".py", ".sh", ".sql", ".cmake", ".txt", ".md", ".json", ".toml", ".html", ".css", ".js",
                 ".ts", ".yml", ".yaml", ".service", ""}
DATA_SUFFIXES = {".csv", ".ndjson", ".json"}
PROSE_SUFFIXES = {".md"}

# Banned in code (comments and string literals do not count): pattern, where it may stand, what to use instead.
BANNED_CALLS = [
    (r"this_thread\s*::\s*sleep_(for|until)\s*\(|\b(u|nano)sleep\s*\(|(?<![\w:.>])::sleep\s*\(",
     [], "an Alarm of base/clock.h; in a test, wait for the event itself"),
    (r"\b(system|steady|high_resolution)_clock\s*::\s*now\s*\(|\bgettimeofday\s*\(",
     ["src/base/clock.cpp"], "a Clock& of base/clock.h"),
    (r"\bclock_gettime\s*\(", ["bench/*"], "a Clock& of base/clock.h"),
    (r"\b(secure_)?getenv\s*\(", ["src/app/config*", "tests/*", "bench/*"], "the Config of app/config.h"),
    (r"\bstd\s*::\s*j?thread\b(?!\s*::)",
     ["src/app/*", "src/alerts/mailer.*", "src/store/sqlite/*", "src/store/postgres/*", "tests/*", "bench/*"],
     "a coroutine in a TaskGroup of base/task_group.h"),
    (r"\basio\s*::\s*detached\b|\bco_spawn\s*\([^;]*,\s*detached\b", ["tests/*"],
     "TaskGroup::spawn of base/task_group.h, which owns what it starts"),
    (r"\bstd\s*::\s*(rand|srand|random_device)\b", [], "random_u64 of base/uuid.h, or a seeded engine"),
    (r"\bprintf\s*\(|\bstd\s*::\s*cerr\b", ["tests/*", "bench/*", "src/app/*"], "base/log.h"),
]
# Libraries that only one place knows: the rest of the program uses our words for them.
LIBRARY_HOMES = {
    "libpq-fe.h": ["src/store/postgres/*", "bench/*", "tests/*"],
    "sqlite3.h": ["src/store/sqlite/*", "bench/*", "tests/*"],
    "boost/beast*": ["src/http/*", "bench/*", "tests/*", "cmake/*"],
    "boost/asio/ssl*": ["src/http/*", "tests/*", "cmake/*"],
    "CLI/*": ["src/app/*"],
    "toml++/*": ["src/app/*"],
    "phonenumbers/*": ["src/domain/*"],
    "cjose/*": ["src/api/*", "tests/*"],
    "jansson.h": ["src/api/*", "tests/*"],
    "csv.h": ["src/ingest/*"],
    "curl/*": ["src/alerts/*"],
    "prometheus/*": ["src/metrics/*"],
}
SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|"
                 r"(CREATE|ALTER|DROP)\s+(TABLE|INDEX))\b", re.DOTALL)

# Sources without a test file of their own at the mirrored path, and where they are tested instead.
TESTED_ELSEWHERE = {
    "src/store/migrate.cpp": "picks a dialect; tests/conformance does so for both",
    "src/store/open.cpp": "picks a dialect; tests/conformance does so for both",
    "src/store/summary.cpp": "both stores' sums; tests/conformance compares them with the contacts",
    "src/store/text.cpp": "words of both stores' columns; tests/conformance reads and writes all of them",
    "src/store/sqlite/*": "tests/conformance runs every verb of both stores",
    "src/store/postgres/*": "tests/conformance runs every verb of both stores",
    "src/app/main.cpp": "tests/e2e runs the binary",
    "src/api/call.cpp": "tests/api/routes_test.cpp calls every route with wrong parameters",
    "src/app/cli/*": "tests/e2e runs every command",
    "src/app/alerts.cpp": "tests/e2e/alert_test.cpp",
    "src/app/api_host.cpp": "tests/e2e/serve_test.cpp",
    "src/app/connectors.cpp": "tests/e2e/cli_test.cpp: preview, test, doctor",
    "src/app/field_changes.cpp": "tests/app/config_test.cpp",
    "src/app/live_engine.cpp": "tests/e2e/serve_test.cpp",
    "src/app/rehearsal.cpp": "tests/e2e/serve_test.cpp",
    "src/app/serve.cpp": "tests/e2e/serve_test.cpp",
    "src/app/service.cpp": "tests/e2e/serve_test.cpp",
    "src/api/errors.cpp": "tests/api calls every route over HTTP",
    "src/api/json.cpp": "tests/api calls every route over HTTP",
    "src/api/server.cpp": "tests/api calls every route over HTTP",
}


@dataclass(frozen=True, order=True)
class Problem:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class Tree:
    """The files of a checkout by path, and the commit subjects of its HEAD as (hash, subject)."""

    def __init__(self, files, subjects=()):
        self.files = dict(files)
        self.subjects = list(subjects)

    @staticmethod
    def read(root):
        names = _git(root, "ls-files", "--cached", "--others", "--exclude-standard")
        if names is None:
            paths = [str(p.relative_to(root)) for p in sorted(root.rglob("*"))
                     if p.is_file() and not re.match(r"(build|\.git|.*/node_modules)/", str(p.relative_to(root)))]
        else:
            paths = [name for name in names.splitlines() if (root / name).is_file()]
        log = _git(root, "log", "--no-merges", "--format=%h %s", "HEAD") or ""
        files = {path: (root / path).read_bytes().decode("utf-8", "replace") for path in paths if is_text(path)}
        return Tree(files, [tuple(line.split(" ", 1)) for line in log.splitlines()])

    def under(self, *prefixes, suffixes=(".cpp", ".h")):
        """(path, Source) of the C++ files below the prefixes."""
        for path in sorted(self.files):
            if path.startswith(prefixes) and path.endswith(suffixes):
                yield path, scan(self.files[path])


def _git(root, *arguments):
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def is_text(path):
    return Path(path).suffix in TEXT_SUFFIXES | DATA_SUFFIXES and not path.startswith("fuzz/corpus/")


@dataclass(frozen=True)
class Source:
    """C++ taken apart: `code` has blanks for comments and for what stands in literals, and the same lines."""
    code: str
    literals: tuple  # (line, text)
    comments: tuple  # (line, text)

    def lines(self):
        return enumerate(self.code.split("\n"), start=1)


TOKEN = re.compile(r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<raw>\bu?8?R"(?P<tag>[^(\s]*)\((?P<rawtext>.*?)\)(?P=tag)")
  | (?P<number>\b\d[\w.']*)
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<char>'(?:[^'\\\n]|\\.)+')
""", re.DOTALL | re.VERBOSE)
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


@functools.lru_cache(maxsize=None)
def scan(text):
    code, literals, comments, end, line = [], [], [], 0, 1
    for token in TOKEN.finditer(text):
        between = text[end:token.start()]
        code.append(between)
        line += between.count("\n")
        whole = token.group()
        is_include = INCLUDE.match(text[text.rfind("\n", 0, token.start()) + 1:token.end()])
        if token.lastgroup == "number" or is_include:
            code.append(whole)
        elif token.group("comment"):
            comments.append((line, whole))
            code.append(re.sub(r"[^\n]", " ", whole))
        else:
            literals.append((line, token.group("rawtext") or whole[1:-1]))
            code.append('"' + re.sub(r"[^\n]", " ", whole[1:-1]) + '"')
        line += whole.count("\n")
        end = token.end()
    code.append(text[end:])
    return Source("".join(code), tuple(literals), tuple(comments))


RULES = []


def rule(function):
    RULES.append(function)
    return function


def matches(path, patterns):
    return any(fnmatch(path, pattern) for pattern in patterns)


# ---- Include directions ----------------------------------------------------------------------------------------------

def target_graph(cmake):
    """Folder of src/ -> the folders it may include, itself among them: what it links, and what those pass on."""
    public, private = {}, {}
    for call in re.finditer(r"^crmsync_library\(([^)]*)\)", cmake, re.MULTILINE):
        name, *words = call.group(1).split()
        lists, current = {"LINK": [], "PRIVATE": [], "EXCLUDE": []}, None
        for word in words:
            if word in lists:
                current = word
            elif current:
                lists[current].append(word)
        public[name], private[name] = lists["LINK"], lists["PRIVATE"]

    def passed_on(name):
        return {name}.union(*(passed_on(other) for other in public[name] if other in public))

    return {name: passed_on(name).union(*(passed_on(other) for other in private[name] if other in public))
            for name in public}


def includes(source):
    for number, line in source.lines():
        if found := INCLUDE.match(line):
            yield number, found.group(1), found.group(2)


@rule
def include_direction(tree):
    graph = target_graph(tree.files.get("CMakeLists.txt", ""))
    for path, source in tree.under("src/"):
        folder = path.split("/")[1]
        if folder not in graph:
            yield Problem(path, 1, "include direction", f"src/{folder} is no crmsync_library of CMakeLists.txt")
            continue
        for number, quote, included in includes(source):
            other = included.split("/")[0]
            if other in graph and other not in graph[folder]:
                yield Problem(path, number, "include direction", f"{folder} does not link {other} (CMakeLists.txt)")
            elif quote == '"' and "/" not in included:
                yield Problem(path, number, "include direction", f'name the folder: "{folder}/{included}"')


@rule
def sibling_includes(tree):
    """store/postgres and store/sqlite, connectors/brevo and connectors/hubspot: parts that must not know each other."""
    for path, source in tree.under("src/"):
        parts = path.split("/")
        if len(parts) < 4:
            continue
        for number, _, included in includes(source):
            other = included.split("/")
            if len(other) >= 3 and other[0] == parts[1] and other[1] != parts[2]:
                yield Problem(path, number, "sibling include", f"{parts[2]} must not know {other[1]}")


@rule
def library_homes(tree):
    for path, source in tree.under("src/", "tests/", "bench/", "fuzz/", "cmake/"):
        for number, _, included in includes(source):
            for header, homes in LIBRARY_HOMES.items():
                if fnmatch(included, header) and not matches(path, homes):
                    yield Problem(path, number, "library", f"{included} belongs to {homes[0]}")


# ---- What code must not say ------------------------------------------------------------------------------------------

@rule
def banned_calls(tree):
    for path, source in tree.under("src/", "tests/", "bench/", "fuzz/"):
        for pattern, allowed, instead in BANNED_CALLS:
            if matches(path, allowed):
                continue
            for found in re.finditer(pattern, source.code):
                number = source.code.count("\n", 0, found.start()) + 1
                name = re.sub(r"\s+|\($", "", found.group()).removesuffix("(")
                yield Problem(path, number, "banned call", f"{name}: use {instead}")


@rule
def sql_outside_store(tree):
    for path, source in tree.under("src/"):
        if path.startswith("src/store/"):
            continue
        for number, text in source.literals:
            if SQL.search(text):
                yield Problem(path, number, "SQL", "belongs to src/store, behind a verb of store.h")


@rule
def unfinished(tree):
    marks = re.compile(r"\b(FIX" r"ME|TO" r"DO|X" r"XX)\b")
    for path, text in sorted(tree.files.items()):
        for number, line in enumerate(text.split("\n"), start=1):
            if found := marks.search(line):
                yield Problem(path, number, "unfinished", f"{found.group()}: do it, or open an issue")


# ---- Shape -----------------------------------------------------------------------------------------------------------

@rule
def function_length(tree):
    """A body starts with a brace on a line of its own (.clang-format sees to it) and ends at the same indentation."""
    for path, source in tree.under("src/", "tests/", "bench/", "fuzz/"):
        opened = []  # (indentation, line) of the bodies around the current line.
        for number, line in source.lines():
            indent = len(line) - len(line.lstrip())
            if line.strip() == "{":
                opened.append((indent, number))
            elif line.lstrip().startswith("}"):
                while opened and opened[-1][0] > indent:
                    opened.pop()
                if opened and opened[-1][0] == indent:
                    start = opened.pop()[1]
                    if (length := number - start - 1) > FUNCTION_LINES_MAX:
                        yield Problem(path, start, "function length",
                                      f"{length} lines; {FUNCTION_LINES_MAX} is the most: give its steps names")
    for path, text in sorted(tree.files.items()):
        if path.endswith(".py"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > FUNCTION_LINES_MAX:
                    yield Problem(path, node.lineno, "function length", f"{node.name}: give its steps names")


@rule
def line_shape(tree):
    for path, text in sorted(tree.files.items()):
        if Path(path).suffix in DATA_SUFFIXES:
            continue
        for number, line in enumerate(text.split("\n"), start=1):
            if len(line) > COLUMNS_MAX and Path(path).suffix not in PROSE_SUFFIXES and "NOLINT" not in line:
                yield Problem(path, number, "line length", f"{len(line)} columns; {COLUMNS_MAX} is the most")
            if line != line.rstrip():
                yield Problem(path, number, "white space", "at the end of the line")
            if "\t" in line and not path.endswith(("Makefile", ".ts")):
                yield Problem(path, number, "white space", "a tab")
            if not line.isascii() and not path.startswith("tests/"):
                yield Problem(path, number, "non-ASCII", "write it as an escape, or put it into a data file")
        if text and not text.endswith("\n"):
            yield Problem(path, text.count("\n") + 1, "white space", "no newline at the end")


@rule
def header_guard(tree):
    for path, text in sorted(tree.files.items()):
        if path.endswith(".h") and not text.startswith("#pragma once\n"):
            yield Problem(path, 1, "header", "begins with #pragma once")


# ---- The tree --------------------------------------------------------------------------------------------------------

@rule
def mirrored_tests(tree):
    sources = [path for path, _ in tree.under("src/", suffixes=(".cpp",))]
    for path in sources:
        test = "tests/" + path.removeprefix("src/").removesuffix(".cpp") + "_test.cpp"
        if test not in tree.files and not matches(path, TESTED_ELSEWHERE):
            yield Problem(path, 1, "mirrored test", f"{test} is missing (or a reason in tools/tidy.py)")
    for pattern in TESTED_ELSEWHERE:
        if sources and not any(fnmatch(path, pattern) for path in sources):
            yield Problem("tools/tidy.py", 1, "mirrored test", f"TESTED_ELSEWHERE names {pattern}: no such source")


@rule
def dead_headers(tree):
    """A header that only its own source and its tests include is dead."""
    users = {}
    for path, source in tree.under("src/", "bench/", "fuzz/"):
        for _, _, included in includes(source):
            users.setdefault("src/" + included, set()).add(path)
    for path in sorted(tree.files):
        if path.startswith("src/") and path.endswith(".h"):
            if not users.get(path, set()) - {path.removesuffix(".h") + ".cpp"}:
                yield Problem(path, 1, "dead file", "nothing but its own source and tests includes it")


@rule
def commit_subjects(tree):
    for commit, subject in tree.subjects:
        found = re.match(r"[a-z][a-z0-9_./-]*(, [a-z][a-z0-9_./-]*)*: ([A-Z]\w*)", subject)
        if not found:
            yield Problem(commit, 0, "commit subject", f'not "area: Imperative subject": {subject}')
        elif len(subject) > SUBJECT_MAX:
            yield Problem(commit, 0, "commit subject", f"{len(subject)} columns; {SUBJECT_MAX} is the most: {subject}")
        elif re.search(r"(?<!e)(?<!Emb)(?<!Sh)ed$|(?<!^Br)(?<!Str)ing$|[^s]s$", found.group(2)):
            yield Problem(commit, 0, "commit subject", f"write what it does as an order: {subject}")
        elif subject.endswith("."):
            yield Problem(commit, 0, "commit subject", f"ends with a full stop: {subject}")


def check(tree):
    return sorted(problem for one in RULES for problem in one(tree))


def main():
    parser = argparse.ArgumentParser(description="Checks the house rules.")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    tree = Tree.read(parser.parse_args().root)
    problems = check(tree)
    for problem in problems:
        print(problem)
    print(f"tidy: {len(tree.files)} files, {len(tree.subjects)} commits, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
