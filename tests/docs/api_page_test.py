"""docs/api.md: every call in it is made, and answers with the status and the members that the page shows."""
import json
import re

from installation import Shell, wait_until
from pages import blocks

CURL = """
curl() {
    local patience=20; [[ $1 != -N ]] || patience=0.5
    command curl --silent --show-error --max-time $patience --write-out '\\n%{http_code}' "$@"
}
"""
LEADS = """Domain name,Domain type,Organization name,Suborganization name,City,State,Security contact email
example.gov,City,Town of Example,,Springfield,IL,ida@example.com
29palms.gov,City,Town of Palms,,Twentynine Palms,CA,
"""


def calls():
    """(command, what the page says of its answer)"""
    found = []
    for block in (block for block in blocks("api.md") if block.language == "sh"):
        going_on = False
        for line in block.text:
            if line.startswith("#"):
                found[-1][1] += line.removeprefix("#").strip() + "\n"
            elif going_on:
                found[-1][0] += "\n" + line
            else:
                command, _, told = line.partition("  # ")
                found.append([command.strip(), told.strip() + "\n" if told else ""])
            going_on = line.endswith("\\")
    return found


def members_shown(told):
    """Names of the outermost object's members, of what may be cut short by "..."."""
    names, depth = set(), 0
    for token in re.findall(r'[{}\[\]]|"(?:[^"\\]|\\.)*":?', told[told.find("{"):] if "{" in told else ""):
        depth += (token in "{[") - (token in "}]")
        if depth == 0:
            break
        if depth == 1 and token.endswith(":"):
            names.add(token.strip('":'))
    return names


def first_object(answer):
    """Of a list its first member; without the header that `curl -i` shows."""
    body = json.loads(answer.partition("\n\n")[2] if answer.startswith("HTTP/") else answer)
    return body[0] if isinstance(body, list) else body


def test_every_call_of_the_page_answers_as_it_says(install):
    here = install()
    (here.path / "leads.csv").write_text(LEADS)
    ann, bob = (here.crmsync("contacts", "list", "--ids", "--email-contains", f"{name}@").strip()
                for name in ("ann", "bob"))
    assert len(calls()) > 30
    with Shell(here) as shell:
        shell.run(f"{CURL}\nA={ann} B={bob} ID={ann}")
        for command, told in calls():
            made = command.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{here.port}").partition(" > ")[0]
            code, printed = shell.run(made)
            if printed.startswith("[]") and " -d " not in made and members_shown(told):
                answers = []  # What the calls before have set going may take a moment.
                wait_until(lambda made=made, answers=answers: answers.append(shell.run(made)) or
                           not answers[-1][1].startswith("[]"), f"{command}: an empty list")
                code, printed = answers[-1]
            print("$", made, printed, sep="\n")
            if not command.startswith("curl"):
                assert code == 0, command
                continue
            answer, _, status = printed.rstrip().rpartition("\n")
            said = re.match(r"([2-5]\d\d)\b", told)
            assert status == (said.group(1) if said else "200"), f"{command}\n{printed}"
            if members_shown(told) and status != "204" and " -N " not in command:
                assert members_shown(told) <= set(first_object(answer)), f"{command}\n{printed}"
            if status == "201":
                made = first_object(answer)
                shell.run(f"ID={made['id']} KEY={made.get('key', '')}")
            elif status == "204":
                shell.run(f"ID={ann}")
