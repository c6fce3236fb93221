"""The Dockerfile, taken apart."""
import re

from support import ROOT


def stages():
    """The (instruction, rest) of each stage of the Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", "")
    steps = [tuple(line.split(None, 1)) for line in text.splitlines() if line]
    starts = [at for at, (instruction, _) in enumerate(steps) if instruction == "FROM"]
    return [steps[start:end] for start, end in zip(starts, [*starts[1:], len(steps)])]


BUILD_STAGE, IMAGE = stages()


def only(stage, instruction):
    (value,) = [rest for name, rest in stage if name == instruction]
    return value


def environment():
    return dict(rest.split("=", 1) for name, rest in IMAGE if name == "ENV")
