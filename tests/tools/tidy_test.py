"""What tools/tidy.py refuses and what it lets pass."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import tidy  # noqa: E402

CMAKE = """
crmsync_library(base LINK fmt::fmt)
crmsync_library(domain LINK base PRIVATE phonenumber)
crmsync_library(store LINK domain)
crmsync_library(http LINK base)
crmsync_library(connectors LINK domain http)
crmsync_library(engine LINK store PRIVATE connectors)
crmsync_library(app LINK engine)
"""


def problems(files, rule, subjects=()):
    return list(rule(tidy.Tree({"CMakeLists.txt": CMAKE, **files}, subjects)))


def function(lines):
    return "int f()\n{\n" + "    g();\n" * lines + "}\n"


class Refused(unittest.TestCase):
    """Rule, path, text, and whether it is refused."""
    CASES = [
        (tidy.include_direction, "src/domain/a.h", '#include "store/store.h"', True),
        (tidy.include_direction, "src/domain/a.h", '#include "base/clock.h"', False),
        (tidy.include_direction, "src/connectors/a.h", '#include "store/store.h"', True),
        (tidy.include_direction, "src/engine/a.h", '#include "base/clock.h"', False),
        (tidy.include_direction, "src/engine/a.h", '#include "http/client.h"', False),
        (tidy.include_direction, "src/app/a.h", '#include "connectors/a.h"', True),  # Linked privately below.
        (tidy.include_direction, "src/domain/a.h", '// #include "store/store.h"', False),
        (tidy.include_direction, "src/domain/a.h", '#include "contact.h"', True),
        (tidy.include_direction, "src/helpers/a.h", "", True),
        (tidy.sibling_includes, "src/store/sqlite/a.cpp", '#include "store/postgres/a.h"', True),
        (tidy.sibling_includes, "src/store/sqlite/a.cpp", '#include "store/store.h"', False),
        (tidy.sibling_includes, "src/store/open.cpp", '#include "store/postgres/a.h"', False),
        (tidy.library_homes, "src/engine/a.cpp", "#include <sqlite3.h>", True),
        (tidy.library_homes, "src/store/sqlite/a.cpp", "#include <sqlite3.h>", False),
        (tidy.library_homes, "src/connectors/a.cpp", "#include <boost/beast/http.hpp>", True),
        (tidy.banned_calls, "src/engine/a.cpp", "std::this_thread::sleep_for(1s);", True),
        (tidy.banned_calls, "tests/engine/a_test.cpp", "std::this_thread::sleep_for(1s);", True),
        (tidy.banned_calls, "src/engine/a.cpp", "co_await sleep_for(clock, 1s);", False),
        (tidy.banned_calls, "src/engine/a.cpp", "usleep(5);", True),
        (tidy.banned_calls, "src/engine/a.cpp", "auto t = std::chrono::system_clock::now();", True),
        (tidy.banned_calls, "src/engine/a.cpp", "auto t = steady_clock::now();", True),
        (tidy.banned_calls, "src/engine/a.cpp", "using C = std::chrono::steady_clock;", False),
        (tidy.banned_calls, "src/base/clock.cpp", "return std::chrono::system_clock::now();", False),
        (tidy.banned_calls, "src/engine/a.cpp", "// not system_clock::now()", False),
        (tidy.banned_calls, "src/engine/a.cpp", 'log("system_clock::now()");', False),
        (tidy.banned_calls, "src/api/a.cpp", 'std::getenv("HOME");', True),
        (tidy.banned_calls, "src/app/config.cpp", 'std::getenv("HOME");', False),
        (tidy.banned_calls, "src/engine/a.cpp", "std::jthread t([] {});", True),
        (tidy.banned_calls, "src/store/sqlite/a.cpp", "std::jthread t([] {});", False),
        (tidy.banned_calls, "src/engine/a.cpp", "std::thread::id owner;", False),
        (tidy.banned_calls, "src/engine/a.cpp", "asio::co_spawn(executor, run(), asio::detached);", True),
        (tidy.banned_calls, "src/engine/a.cpp", "co_spawn(executor,\n run(),\n detached);", True),
        (tidy.banned_calls, "tests/a_test.cpp", "asio::co_spawn(executor, run(), asio::detached);", False),
        (tidy.sql_outside_store, "src/api/a.cpp", 'run("SELECT id FROM contacts");', True),
        (tidy.sql_outside_store, "src/api/a.cpp", 'run(R"(UPDATE contacts\nSET a = 1)");', True),
        (tidy.sql_outside_store, "src/api/a.cpp", '"Selected 2 contacts from the list"', False),
        (tidy.sql_outside_store, "src/api/a.cpp", "// SELECT id FROM contacts", False),
        (tidy.sql_outside_store, "src/store/a.cpp", '"SELECT id FROM contacts"', False),
        (tidy.unfinished, "docs/a.md", "TO" "DO: write this", True),
        (tidy.unfinished, "src/base/a.cpp", 'mkdtemp("/tmp/XX' 'XXXX")', False),
        (tidy.function_length, "src/base/a.cpp", function(tidy.FUNCTION_LINES_MAX), False),
        (tidy.function_length, "src/base/a.cpp", function(tidy.FUNCTION_LINES_MAX + 1), True),
        (tidy.function_length, "src/base/a.cpp", function(50) + function(50), False),
        (tidy.function_length, "tools/a.py", "def f():\n" + "    g()\n" * (tidy.FUNCTION_LINES_MAX + 1), True),
        (tidy.line_shape, "src/base/a.cpp", "x" * tidy.COLUMNS_MAX + "\n", False),
        (tidy.line_shape, "src/base/a.cpp", "x" * (tidy.COLUMNS_MAX + 1) + "\n", True),
        (tidy.line_shape, "docs/a.md", "x" * (tidy.COLUMNS_MAX + 1) + "\n", False),
        (tidy.line_shape, "src/base/a.cpp", "x \n", True),
        (tidy.line_shape, "src/base/a.cpp", "\tx\n", True),
        (tidy.line_shape, "src/base/a.cpp", "// na\u00efve\n", True),
        (tidy.line_shape, "tests/base/a_test.cpp", 'f("na\u00efve");\n', False),
        (tidy.line_shape, "src/simulator/a.csv", "na\u00efve\n", False),
        (tidy.line_shape, "src/base/a.cpp", "x", True),
        (tidy.header_guard, "src/base/a.h", "#pragma once\n", False),
        (tidy.header_guard, "src/base/a.h", "#ifndef A\n", True),
        (tidy.dead_headers, "src/base/a.h", "#pragma once\n", True),
    ]

    def test_each(self):
        for rule, path, text, refused in self.CASES:
            with self.subTest(rule=rule.__name__, path=path, text=text[:60]):
                self.assertEqual(bool(problems({path: text}, rule)), refused)


class Trees(unittest.TestCase):
    def test_position_is_that_of_the_offence(self):
        found = problems({"src/base/a.cpp": '/* two\nlines */ f("a\\"b");\nusleep(1);\n'}, tidy.banned_calls)
        self.assertEqual([(p.path, p.line) for p in found], [("src/base/a.cpp", 3)])

    def test_digit_separators_are_no_character_literals(self):
        self.assertTrue(problems({"src/base/a.cpp": "int a = 10'000; usleep(1); int b = 20'000;"}, tidy.banned_calls))

    def test_header_used_by_another_source_lives(self):
        files = {"src/base/a.h": "#pragma once\n", "src/base/a.cpp": '#include "base/a.h"\n'}
        self.assertTrue(problems(files, tidy.dead_headers))
        self.assertFalse(problems(files | {"src/base/b.cpp": '#include "base/a.h"\n'}, tidy.dead_headers))

    def test_sources_are_mirrored_or_excused(self):
        excused = {pattern.replace("*", "x.cpp"): "" for pattern in tidy.TESTED_ELSEWHERE}
        files = excused | {"src/base/a.cpp": ""}
        self.assertEqual([p.path for p in problems(files, tidy.mirrored_tests)], ["src/base/a.cpp"])
        self.assertFalse(problems(files | {"tests/base/a_test.cpp": ""}, tidy.mirrored_tests))
        self.assertEqual(len(problems({"src/base/a.cpp": "", "tests/base/a_test.cpp": ""}, tidy.mirrored_tests)),
                         len(tidy.TESTED_ELSEWHERE), "an excuse for a source that does not exist")

    def test_commit_subjects(self):
        for subject, refused in [("store: Claim in one statement", False), ("store, engine: Pass the token", False),
                                 ("build: Embed the SQL", False), ("Claim in one statement", True),
                                 ("store: claim in one statement", True), ("store: Claimed in one statement", True),
                                 ("store: Claims in one statement", True), ("store: Claiming at once", True),
                                 ("store: Bring back the lease", False), ("store: Claim.", True),
                                 ("store: " + "Claim " * 12, True)]:
            with self.subTest(subject=subject):
                self.assertEqual(bool(problems({}, tidy.commit_subjects, [("abc1234", subject)])), refused)

    def test_corpora_are_not_text_of_ours(self):
        self.assertFalse(tidy.is_text("fuzz/corpus/csv/nul"))
        self.assertTrue(tidy.is_text("fuzz/run"))

    def test_every_rule_runs_on_an_empty_tree(self):
        self.assertEqual(tidy.check(tidy.Tree({})), [])


if __name__ == "__main__":
    unittest.main()
