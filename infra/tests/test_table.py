"""The table is the one that the code asks for."""

import re
from pathlib import Path

from conftest import sam_shapes

STORE = Path(__file__).resolve().parents[2] / "shared" / "src" / "store"


def test_the_index_shows_what_the_code_reads_of_it():
    code = (STORE / "due.rs").read_text()
    (shown,) = re.findall(r"pub const SHOWN: \[&str; \d+\] = \[(.*?)\];", code, re.DOTALL)
    (name,) = re.findall(r'pub const DUE_INDEX: &str = "(\w+)";', code)
    (table,) = [shape for (kind, _), shape in sam_shapes("defaults").items() if kind == "table"]
    (index,) = table["indexes"]
    assert index["name"] == name
    assert sorted(index["attributes"]) == sorted(re.findall(r'"(\w+)"', shown))


def test_items_expire_by_the_attribute_that_the_code_writes():
    (attribute,) = re.findall(r'pub const TTL_ATTRIBUTE: &str = "(\w+)";', (STORE / "table.rs").read_text())
    (table,) = [shape for (kind, _), shape in sam_shapes("defaults").items() if kind == "table"]
    assert list(table["ttl"]) == [attribute, True]
