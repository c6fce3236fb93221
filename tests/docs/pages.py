"""The pages of docs/ and what in them can be run."""
import re
from dataclasses import dataclass
from itertools import dropwhile, takewhile

from support import ROOT

DOCS = ROOT / "docs"
# Pages whose commands another test runs, because they need another machine than an installation of tests/docs.
RUN_ELSEWHERE = {"deployment.md": "tests/packaging/deployment_test.py"}
DATABASES = ("sqlite", "postgresql")


@dataclass
class Block:
    """A fenced block. `words` are what follows the fence: the language, then for which databases (none: all)."""
    page: str
    line: int
    words: list
    text: list
    after: str  # The paragraph behind it.

    @property
    def language(self):
        return self.words[0] if self.words else ""

    def is_for(self, database):
        return database in self.words[1:] or not set(self.words[1:]) & set(DATABASES)

    def __str__(self):
        return f"{self.page}:{self.line}"


@dataclass
class Step:
    """A command of a console block, and what the page says it prints; nothing: the page does not say."""
    where: str
    command: str
    shown: list


def pages():
    return sorted(path.name for path in DOCS.glob("*.md"))


def blocks(page):
    lines = (DOCS / page).read_text().splitlines()
    fences = [at for at, line in enumerate(lines) if line.startswith("```")]
    assert len(fences) % 2 == 0, f"{page}: a block is left open"
    return [Block(page, begin + 1, lines[begin].removeprefix("```").split(), lines[begin + 1:end],
                  paragraph(lines[end + 1:]))
            for begin, end in zip(fences[::2], fences[1::2])]


def paragraph(lines):
    """The first one, on one line."""
    return " ".join(takewhile(str.strip, dropwhile(lambda line: not line.strip(), lines)))


def steps(block):
    """The commands of a console block: "$ " begins one, a backslash or a here-document to END continues it."""
    found, here_document = [], False
    for line in block.text:
        if here_document or (found and not found[-1].shown and found[-1].command.endswith("\\")):
            found[-1].command += "\n" + line
            here_document = here_document and line != "END"
        elif line.startswith("$ "):
            found.append(Step(str(block), line.removeprefix("$ "), []))
            here_document = "<<END" in line or "<<'END'" in line
        else:
            assert found, f"{block}: begins without a command"
            found[-1].shown.append(line)
    return found


def matches(shown, printed):
    """Whether that was printed: "..." alone on a line stands for any lines, within a line for any text; white space
    counts as one blank."""
    def pattern(line):
        if line == "...":
            return r"(?:.*\n)*?"
        return ".*?".join(re.escape(part) for part in re.split(r" ?\.\.\. ?", line)) + r"\n"

    def tidied(lines):
        return [" ".join(line.split()) for line in lines]

    text = "".join(f"{line}\n" for line in tidied(printed.splitlines()))
    return re.fullmatch("".join(map(pattern, tidied(shown))), text) is not None


def promised_columns(block):
    """What the page says a statement gives, and whether it may give nothing: "Gives `crm`, `jobs`." or "Gives `crm`;
    no row when all is well." Nothing for a statement that only changes."""
    said = re.match(r"Gives ((?:`\w+`(?:, | and )?)+)([^.]*)\.", block.after)
    if not said:
        return None, False
    return re.findall(r"`(\w+)`", said.group(1)), "no row" in said.group(2)
