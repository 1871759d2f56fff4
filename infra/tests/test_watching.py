"""Saved queries and the dashboard ask for log lines and fields that the code writes."""

import json
import re
from pathlib import Path

import pytest

from conftest import sam_shapes

SOURCES = Path(__file__).resolve().parents[2] / "shared" / "src"
MACRO = re.compile(r"tracing::(?:info|warn|error)!\((.*?)\);", re.DOTALL)
# Of every line: what the formatter, the run's span and CloudWatch add.
ALWAYS = {"message", "level", "span.deployment", "span.workflow", "span.run_id", "span.request_id", "span.dry_run", "@timestamp", "@log"}
WORDS = set("sum fields filter stats sort limit by as and or not like desc asc count latest max avg pct ispresent bin SOURCE".split())


def lines():
    """Message → the fields that the code writes beside it."""
    found = {}
    for file in SOURCES.rglob("*.rs"):
        for body in MACRO.findall(file.read_text()):
            if message := re.search(r'"([^"]*)"\s*,?\s*$', body):
                fields = set(re.findall(r"\b([a-z_]+)\b", body[: message.start()]))
                found.setdefault(message.group(1), set()).update(fields)
    return found


def queries():
    shapes = sam_shapes("defaults")
    saved = {name: shape["query"] for (kind, name), shape in shapes.items() if kind == "saved query"}
    (board,) = [shape for (kind, _), shape in shapes.items() if kind == "dashboard"]
    shown = {w["properties"]["title"]: w["properties"]["query"] for w in board["widgets"] if w["type"] == "log"}
    return saved | shown


@pytest.mark.parametrize("name", queries())
def test_a_query_asks_for_what_the_code_writes(name):
    query = queries()[name]
    written = lines()
    asked = re.search(r"message = ['\"]([^'\"]+)['\"]", query)
    fields = written[asked.group(1)] if asked else set().union(*written.values())
    bare = re.sub(r"'[^']*'|\"[^\"]*\"|\b\d+[a-z]?\b", " ", query)
    aliases = set(re.findall(r"\bas (\w+)", bare))
    names = set(re.findall(r"[@A-Za-z][\w.]*", bare)) - WORDS - aliases
    assert names <= fields | ALWAYS, names - fields - ALWAYS


def test_a_query_for_an_unknown_line_would_be_found():
    assert {"record", "run ended", "call"} <= lines().keys()
    assert "delivred" not in lines()["run ended"] and "delivered" in lines()["run ended"]


def test_the_dashboard_has_no_overlapping_widgets():
    (board,) = [shape for (kind, _), shape in sam_shapes("defaults").items() if kind == "dashboard"]
    taken = set()
    for widget in board["widgets"]:
        place = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in place) < 24 and not place & taken, json.dumps(widget)
        taken |= place
