"""The SAM description is one that AWS takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cloudformation import translated
from from_sam import SAM, TEMPLATES, texts

TOOLS = Path(sys.executable).parent


def tool(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_sam_validates_and_lints_the_template(name):
    tool(TOOLS / "sam", "validate", "--lint", "--region", "eu-west-1", "--template", SAM / name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_cfn_lint_finds_nothing_in_the_translated_template(name, work):
    file = work / f"translated-{name}.json"
    file.write_text(json.dumps(translated(texts()[name]), indent=1))
    tool(TOOLS / "cfn-lint", "--regions", "eu-west-1", "--template", file)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"RetentionInDays"', '"RetentionInDay"'), ('"MaximumRetryAttempts": 0', '"MaximumRetryAttempts": 7')],
    ids=["an unknown property", "a value out of range"],
)
def test_a_fault_planted_in_the_translated_template_is_found(old, new, work):
    text = json.dumps(translated(texts()["template.yaml"]))
    assert old in text
    file = work / "planted.json"
    file.write_text(text.replace(old, new))
    done = subprocess.run([TOOLS / "cfn-lint", "--template", file], capture_output=True, text=True, timeout=600)
    assert done.returncode != 0
