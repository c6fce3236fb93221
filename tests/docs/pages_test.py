"""The pages of docs/: their console blocks are run in order and print what is shown; their links lead somewhere."""
import re

import pytest
from installation import Shell
from pages import DATABASES, DOCS, RUN_ELSEWHERE, blocks, matches, pages, steps
from support import ROOT

# After these a reader looks until what is due is done.
QUEUES = re.compile(r"crmsync (select|sync|retry|resume|unselect|verify)\b|/crm/select|systemctl (re)?start")
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")


def commands(page, database):
    return [step for block in blocks(page) if block.language == "console" and block.is_for(database)
            for step in steps(block)]


def to_be_run():
    for page in pages():
        if page in RUN_ELSEWHERE:
            continue
        for database in DATABASES:
            named = any(database in block.words for block in blocks(page) if block.language == "console")
            if named or (database == "sqlite" and commands(page, database)):
                yield page, database


@pytest.mark.parametrize("page, database", to_be_run())
def test_a_page_can_be_followed(page, database, install):
    here = install(database)
    with Shell(here) as shell:
        for step in commands(page, database):
            command = step.command
            for usual, ours in here.places.items():
                command = command.replace(usual, ours)
            code, printed = shell.run(command)
            print("$", command, printed, sep="\n")
            assert code == 0, f"{step.where}: {step.command}\n{printed}"
            assert not step.shown or matches(step.shown, printed), f"{step.where}: {step.command}\n{printed}"
            if QUEUES.search(command) and (here.path / "pid").exists():
                here.settle()
        assert "@example.com" not in here.log, "an address is logged"


@pytest.mark.parametrize("page", [*pages(), "../README.md", "../ARCHITECTURE.md"])
def test_links_lead_somewhere(page):
    path = (DOCS / page).resolve()
    for target in LINK.findall(path.read_text()):
        file, _, heading = target.partition("#")
        if "://" in file:
            continue
        there = path.parent / file if file else path
        assert there.exists(), target
        if heading:
            assert heading in anchors(there), target


def anchors(page):
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", pages())
def test_tests_that_are_named_exist(page):
    """`tests/some/file.py` and `tests/some/file.cpp: Suite.Case`."""
    for file, _, name in re.findall(r"`(tests/[\w/]+\.(cpp|py))(?:: ([\w.]+))?`", (DOCS / page).read_text()):
        assert (ROOT / file).exists(), file
        text = (ROOT / file).read_text()
        for word in name.split(".") if name else []:
            assert re.search(rf"\b{word}\b", text), f"{file}: {name}"


def test_every_page_is_in_the_index():
    index = (DOCS / "README.md").read_text()
    assert [page for page in pages() if page != "README.md" and f"({page})" not in index] == []


@pytest.mark.parametrize("shown, printed, same", [
    (["a  b"], "a\tb\n", True),
    (["a b"], "a c\n", False),
    (["a ... d"], "a b c d\n", True),
    (["a", "...", "z"], "a\nb\nc\nz\n", True),
    (["a", "...", "z"], "a\nb\nc\n", False),
    (["a"], "a\nb\n", False),
])
def test_what_is_shown_is_held_against_what_is_printed(shown, printed, same):
    assert matches(shown, printed) == same
