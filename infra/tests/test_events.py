"""The test events of the console are ones that a function takes, and the first one writes nothing."""

import json
import re
from pathlib import Path

import pytest

from conftest import from_sam_names

INFRA = Path(__file__).resolve().parent.parent
PLACEHOLDER = "<country>"
TYPES = {"deployment": str, "dry_run": bool, "only": list, "limit": int, "release_held": bool, "first_run": bool, "since": str, "accept_move": bool, "accept": list, "check": bool}
# Only these follow changes; the others are refused a `since`.
WITH_SINCE = {"decisions-to-progres", "referrals-to-progres"}


def examples(workflow):
    components = json.loads((INFRA / "events" / f"{workflow}.json").read_text())["components"]
    return {name: example["value"] for name, example in components["examples"].items()}, components["schemas"]["Event"]


def test_every_function_has_its_events():
    assert sorted(file.stem for file in (INFRA / "events").glob("*.json")) == from_sam_names()


@pytest.mark.parametrize("workflow", from_sam_names())
def test_events_hold_what_a_run_takes(workflow):
    events, schema = examples(workflow)
    allowed = TYPES if workflow in WITH_SINCE else {key: kind for key, kind in TYPES.items() if key != "since"}
    assert set(schema["properties"]) == set(allowed)
    for event in events.values():
        assert all(isinstance(value, allowed[key]) for key, value in event.items())
        # Named in each, so that no test event ever falls to a default deployment; by a word that every function refuses, so that nobody
        # sends one to a country without having named it.
        assert event["deployment"] == PLACEHOLDER and not re.fullmatch("[a-z0-9-]{1,40}", PLACEHOLDER)


@pytest.mark.parametrize("workflow", from_sam_names())
def test_the_first_events_prove_the_deployment_and_then_run_dry(workflow):
    events, _ = examples(workflow)
    first, second = sorted(events)[:2]
    assert events[first] == {"deployment": PLACEHOLDER, "check": True}
    assert events[second]["dry_run"] is True


@pytest.mark.parametrize("workflow", from_sam_names())
def test_a_held_record_is_released_by_name_only(workflow):
    events, _ = examples(workflow)
    assert all(event.get("only") for event in events.values() if event.get("release_held"))
