"""What the checks share: the variants of the stack, the stack in the stand-in for AWS, and the closing line."""

import logging
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import account
import from_sam
import moto_server
import terraform

# samtranslator looks for a region, as for a real account, and complains of metrics that nobody wants.
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
os.environ["SAM_CLI_TELEMETRY"] = "0"
logging.getLogger("samtranslator").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Variant:
    """One set of settings, in the words of each description."""

    sam: dict
    sam_deployments: dict
    terraform: dict


# All defaults, and everything set to something else. Their names are the tests' parameters.
VARIANTS = {
    "defaults": Variant({}, {"gambella": {}}, {"deployments": {"gambella": {}}}),
    "everything": Variant(
        {
            "DefaultDeployment": "gambella",
            "Architecture": "x86_64",
            "MemoryMb": 512,
            "TimeoutSeconds": 600,
            "LogLevel": "debug",
            "LogRetentionDays": 365,
            "AlarmEmail": "alarms@example.org",
            "FixedEgressAddress": "true",
            "VpcCidr": "10.90.0.0/24",
        },
        {
            "gambella": {
                "ReferralsToPrimeroEnabled": "true",
                "DecisionsToProgresEnabled": "true",
                "DecisionsToProgresExpression": "rate(1 hour)",
                "ReferralsToProgresExpression": "cron(0 6 * * ? *)",
                "FlexibleWindow": 10,
                "SilentHours": 4,
                "NewlyHeld": 3,
                "OldestHeldDays": "14",
                "OldestUnsentHours": "48",
            },
            "elsewhere": {"DecisionsToPrimeroEnabled": "true"},
        },
        {
            "default_deployment": "gambella",
            "architecture": "x86_64",
            "memory_mb": 512,
            "timeout_seconds": 600,
            "log_level": "debug",
            "log_retention_days": 365,
            "alarm_email": "alarms@example.org",
            "fixed_egress_address": True,
            "vpc_cidr": "10.90.0.0/24",
            "deployments": {
                "gambella": {
                    "schedules": {
                        "referrals-to-primero": {"enabled": True},
                        "decisions-to-progres": {"enabled": True, "expression": "rate(1 hour)"},
                        "referrals-to-progres": {"expression": "cron(0 6 * * ? *)"},
                    },
                    "flexible_window": 10,
                    "silent_hours": 4,
                    "newly_held": 3,
                    "oldest_held_days": 14,
                    "oldest_unsent_hours": 48,
                },
                "elsewhere": {"schedules": {"decisions-to-primero": {"enabled": True}}},
            },
        },
    ),
}


def sam_shapes(variant, texts=None):
    """The SAM description of a variant, or of changed templates."""
    settings = VARIANTS[variant]
    return from_sam.described(texts or from_sam.texts(), settings.sam, settings.sam_deployments)


@dataclass
class Deployed:
    """The stack as Terraform made it, once for each variant, one after the other as updates."""

    terraform: terraform.Terraform
    endpoint: str
    first_plan: dict = field(default_factory=dict)
    plans: dict = field(default_factory=dict)
    accounts: dict = field(default_factory=dict)


@pytest.fixture(scope="session")
def work():
    """A folder for this run, beside the tools."""
    parent = Path(os.environ["INFRA_CHECK_DIRECTORY"])
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def packages(work):
    """Zips that stand for the built functions: what is in them is no matter here."""
    folder = work / "packages"
    for name in from_sam_names():
        (folder / name).mkdir(parents=True)
        with zipfile.ZipFile(folder / name / "bootstrap.zip", "w") as package:
            package.writestr("bootstrap", "#!/bin/sh\n")
    return folder


def from_sam_names():
    return sorted(name.removeprefix("referral-bridge-") for kind, name in sam_shapes("defaults") if kind == "function")


@pytest.fixture(scope="session")
def deployed(work, packages):
    """Both variants applied, read back and planned again."""
    if reason := terraform.missing():
        pytest.skip(f"Terraform part: {reason}")
    folder = work / "terraform"
    folder.mkdir()
    with moto_server.running(work / "moto.log") as endpoint:
        runner = terraform.Terraform(folder, endpoint, packages)
        runner.run("init", "-no-color", "-input=false")
        stack = Deployed(runner, endpoint)
        for name, variant in VARIANTS.items():
            runner.use(variant.terraform)
            stack.first_plan = stack.first_plan or runner.plan()
            runner.apply()
            stack.plans[name] = runner.plan()
            stack.accounts[name] = account.read(endpoint, "referral-bridge-state")
        yield stack


def pytest_terminal_summary(terminalreporter):
    """The plain closing line: an error counts as a failure, and nothing is skipped in silence."""
    count = {kind: len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    for report in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"skipped {report.nodeid}: {report.longrepr[-1]}")
    terminalreporter.write_line(
        f"{count['passed']} passed, {count['failed'] + count['error']} failed, {count['skipped']} skipped"
    )
