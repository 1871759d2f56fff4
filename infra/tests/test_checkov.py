"""checkov finds nothing in either description but what is skipped for a reason."""

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checkov_skips import SKIPS
from cloudformation import translated
from from_sam import TEMPLATES, texts
from terraform import HERE

CHECKOV = Path(os.environ["INFRA_CHECK_DIRECTORY"]) / "checkov" / "bin" / "checkov"


def scan(folder, framework):
    """Failed checks by id, each with the resources; refuses a scan that read nothing."""
    command = [CHECKOV, "--skip-download", "--quiet", "--compact", "--framework", framework, "-o", "json", "-d", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 0 and report["summary"]["parsing_errors"] == 0, report["summary"]
    failed = {}
    for check in report["results"]["failed_checks"]:
        failed.setdefault(check["check_id"], []).append(check["resource"])
    return failed


@pytest.fixture(scope="module")
def scans(work):
    folder = work / "checkov"
    folder.mkdir()
    for name in TEMPLATES:
        (folder / f"{name}.json").write_text(json.dumps(translated(texts()[name])))
    with ThreadPoolExecutor() as both:
        started = {"sam": both.submit(scan, folder, "cloudformation"), "terraform": both.submit(scan, HERE, "terraform")}
        return {name: one.result() for name, one in started.items()}


@pytest.mark.parametrize("description", ["sam", "terraform"])
def test_nothing_fails_but_what_is_skipped_for_a_reason(description, scans):
    unexplained = {check: resources for check, resources in scans[description].items() if check not in SKIPS}
    assert not unexplained


def test_every_skip_is_still_needed(scans):
    needed = set(scans["sam"]) | set(scans["terraform"])
    assert set(SKIPS) == needed & set(SKIPS)


def test_a_planted_fault_is_found(work):
    folder = work / "checkov-planted"
    folder.mkdir()
    text = json.dumps(translated(texts()["template.yaml"]))
    planted = text.replace('"PointInTimeRecoveryEnabled": true', '"PointInTimeRecoveryEnabled": false')
    assert planted != text
    (folder / "planted.json").write_text(planted)
    assert "CKV_AWS_28" in scan(folder, "cloudformation")
