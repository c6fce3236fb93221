"""The pages of docs/ and what in them can be run."""
import re
from dataclasses import dataclass, field

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
    text: list = field(default_factory=list)
    after: str = ""  # The paragraph behind it.

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
    found, inside, fence_at = [], None, 0
    lines = (DOCS / page).read_text().splitlines()
    for number, line in enumerate(lines, start=1):
        if line.startswith("```"):
            if inside is None:
                inside = Block(page, number, line.removeprefix("```").split())
            else:
                found.append(inside)
                inside, fence_at = None, number
        elif inside is not None:
            inside.text.append(line)
        elif found and number > fence_at and (line.strip() or not found[-1].after):
            if not found[-1].after.endswith("\n"):
                found[-1].after += f" {line.strip()}" if found[-1].after else line.strip()
        elif found and found[-1].after and not found[-1].after.endswith("\n"):
            found[-1].after += "\n"
    assert inside is None, f"{page}: a block is left open"
    return found


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
    pattern = ""
    for line in shown:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            parts = [r"[ \t]+".join(re.escape(word) for word in part.split()) if part.strip() else ""
                     for part in line.split("...")]
            ends = ["" if not part else (r"[ \t]*" if part[0].isspace() else "", r"[ \t]*" if part[-1].isspace() else "")
                    for part in line.split("...")]
            pattern += r"[ \t]*" + ".*?".join((end[0] if end else "") + part + (end[1] if end else "")
                                              for part, end in zip(parts, ends)) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed if printed.endswith("\n") else printed + "\n") is not None


def promised_columns(block):
    """What the page says a statement gives, and whether it may give nothing: "Gives `crm`, `jobs`." or "Gives `crm`;
    no row when all is well." Nothing for a statement that only changes."""
    said = re.match(r"Gives ((?:`\w+`(?:, | and )?)+)([^.]*)\.", block.after)
    if not said:
        return None, False
    return re.findall(r"`(\w+)`", said.group(1)), "no row" in said.group(2)
