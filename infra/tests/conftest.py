"""What the checks share: the variants of the stack, the stack in the stand-in for AWS, and the closing line."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import account
import deployer
import from_sam
import moto_server
import terraform

# samtranslator looks for a region, as for a real account, and complains of metrics that nobody wants.
os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
os.environ["SAM_CLI_TELEMETRY"] = "0"
logging.getLogger("samtranslator").setLevel(logging.ERROR)


TABLE = "referral-bridge-state"
# What a governed account brings along.
DUTY = "arn:aws:sns:eu-west-1:123456789012:duty"
BOUNDARY = "arn:aws:iam::123456789012:policy/limits"


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
            "TableDeletionProtection": "false",
            "AlarmTopicArn": DUTY,
            "PermissionsBoundaryArn": BOUNDARY,
        },
        {
            "gambella": {
                "AlarmEmail": "gambella@example.org",
                "ScheduleTimezone": "Africa/Addis_Ababa",
                "ReferralsToPrimeroEnabled": "true",
                "ReferralsToPrimeroSilentHours": "4",
                "DecisionsToProgresEnabled": "true",
                "DecisionsToProgresExpression": "rate(1 hour)",
                "ReferralsToProgresEnabled": "true",
                "ReferralsToProgresExpression": "cron(0 6 * * ? *)",
                "ReferralsToProgresSilentHours": "26",
                "FlexibleWindow": 10,
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
            "table_deletion_protection": False,
            "alarm_topic_arn": DUTY,
            "permissions_boundary_arn": BOUNDARY,
            "deployments": {
                "gambella": {
                    "alarm_email": "gambella@example.org",
                    "schedule_timezone": "Africa/Addis_Ababa",
                    "schedules": {
                        "referrals-to-primero": {"enabled": True, "silent_hours": 4},
                        "decisions-to-progres": {"enabled": True, "expression": "rate(1 hour)"},
                        "referrals-to-progres": {"enabled": True, "expression": "cron(0 6 * * ? *)", "silent_hours": 26},
                    },
                    "flexible_window": 10,
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
    """What became of the stack in the stand-in for AWS, step by step."""

    runner: terraform.Terraform | None = None
    # The plan before anything was there, and after each step, when every value is known.
    plans: dict = field(default_factory=dict)
    # What the SDK then saw.
    accounts: dict = field(default_factory=dict)
    protected: bool = False
    # What Terraform says when asked to remove all.
    refusal: str = ""
    # The calls to AWS that all of it took, as IAM calls them.
    calls: set = field(default_factory=set)
    # What was there before and after the removal.
    removed: dict = field(default_factory=dict)

    def after(self, step, settings, runner, endpoint):
        """Applies the settings, and looks."""
        runner.use(settings)
        runner.apply()
        self.plans[step] = runner.plan()
        self.accounts[step] = account.read(endpoint, TABLE)


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
    """In one account the stack with all defaults, given a network later; in another one with everything set. Both are removed."""
    if reason := terraform.missing():
        pytest.skip(f"Terraform part: {reason}")
    stack = Deployed()
    with _account(work / "first", packages) as (runner, endpoint):
        defaults = VARIANTS["defaults"].terraform
        runner.use(defaults)
        stack.plans["nothing"] = runner.plan()
        stack.after("defaults", defaults, runner, endpoint)

        with_network = {**defaults, "fixed_egress_address": True}
        runner.use(with_network)
        runner.apply_network()
        stack.after("network later", with_network, runner, endpoint)

        stack.protected = account.refuses_deletion(endpoint, TABLE)
        stack.removed["defaults"] = _removed(runner, endpoint)
    with _account(work / "second", packages) as (runner, endpoint):
        account.govern(endpoint, DUTY, BOUNDARY)
        stack.after("everything", VARIANTS["everything"].terraform, runner, endpoint)
        stack.refusal = runner.refused_removal()
        stack.removed["everything"] = _removed(runner, endpoint)
        stack.runner = runner
        stack.calls = deployer.recorded([work / folder / "terraform" / "calls.log" for folder in ("first", "second")])
        yield stack


def _removed(runner, endpoint):
    """Removes the stack as the README says: the inventory before, and after."""
    before = account.inventory(endpoint)
    runner.remove()
    return before, account.inventory(endpoint)


@contextmanager
def _account(folder, packages):
    """An empty account, and Terraform for it."""
    (folder / "terraform").mkdir(parents=True)
    with moto_server.running(folder / "moto.log") as endpoint:
        runner = terraform.Terraform(folder / "terraform", endpoint, packages)
        runner.run("init", "-no-color", "-input=false")
        yield runner, endpoint


def pytest_unconfigure(config):
    """The plain closing line, last of all: an error counts as a failure, and nothing is skipped in silence."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    count = {kind: len(reporter.stats.get(kind, [])) for kind in ("passed", "failed", "error", "skipped")}
    print(f"{count['passed']} passed, {count['failed'] + count['error']} failed, {count['skipped']} skipped")
