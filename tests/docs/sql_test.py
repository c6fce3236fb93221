"""The SQL of the pages, on both databases, while contacts are in every state; and the map of the schema."""
import re

import pytest
from installation import NOT_YET, REFUSED, UNANSWERED, wait_until
from pages import DATABASES, DOCS, blocks, pages, promised_columns

SCHEMA = {
    "sqlite": "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' "
              "AND m.name NOT LIKE 'sqlite%'",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'",
}


def statements(database):
    return [block for page in pages() for block in blocks(page) if block.language == "sql" and block.is_for(database)]


@pytest.mark.parametrize("database", DATABASES)
def test_statements_give_what_the_pages_promise(database, install):
    here = install(database)
    here.faults(REFUSED, NOT_YET, UNANSWERED)
    here.crmsync("select", "hubspot", "--email-contains", "gil@")
    wait_until(lambda: here.contact("gil@example.com", "hubspot")[0] == "Processing", "the call is not made")
    assert statements(database)
    for block in statements(database):
        columns, may_be_empty = promised_columns(block)
        found, rows = here.sql("\n".join(block.text))
        if columns is None:
            assert re.match(r"\s*(UPDATE|INSERT|DELETE)\b", "\n".join(block.text)), f"{block}: says not what it gives"
            wait_until(lambda: here.sql("SELECT count(*) FROM contact_write")[1] == [["0"]], "nobody reads the inbox")
        elif rows or not may_be_empty:
            assert found == columns, str(block)
            assert rows, f"{block}: gives no row"


@pytest.mark.parametrize("database", DATABASES)
def test_every_column_is_on_the_map(database, install):
    """docs/SYSTEM_MAP.md has a heading per table and, below it, a row per column; those that one database alone has
    say so."""
    others = [f"{name} alone" for name in ("SQLite", "PostgreSQL") if name.lower() != database]
    told = {}
    for line in (DOCS / "SYSTEM_MAP.md").read_text().splitlines():
        if heading := re.match(r"### `(\w+)`", line):
            columns = told.setdefault(heading.group(1), set())
        elif line.startswith("#"):
            columns = set()
        elif any(other in line for other in others):
            continue
        elif row := re.match(r"\| ((?:`[\w{}]+`(?:, )?)+) \|", line):
            for name in re.findall(r"`([\w{}]+)`", row.group(1)):
                crms = ("brevo", "hubspot", "mautic", "n8n") if "{crm}" in name else ("",)
                columns.update(name.replace("{crm}", crm) for crm in crms)
    there = {}
    for table, column in install(database, served=False, contacts=False).sql(SCHEMA[database])[1]:
        there.setdefault(table, set()).add(column)
    told = {table: columns for table, columns in told.items() if columns}  # Some tables one database alone has.
    told["contacts"] -= {"n8n_contact_id"}  # The one that {crm}_contact_id does not name.
    assert told == there
