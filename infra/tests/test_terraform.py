"""The Terraform description is applied to a stand-in for AWS, read back, and removed again."""

import json
import re
import subprocess

import pytest

import terraform
from cloudformation import Stack, translated
from conftest import DUTY, TABLE, VARIANTS
from from_sam import texts
from samtranslator.yaml_helper import yaml_parse

WORKFLOWS = ("referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero")
ALARMS = ("newly-held", "oldest-held", "oldest-unsent", "unknown-code")


@pytest.fixture(scope="module")
def plain(deployed):
    return deployed.accounts["defaults"]


@pytest.fixture(scope="module")
def full(deployed):
    return deployed.accounts["everything"]


def test_the_files_are_formatted(deployed):
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", str(terraform.HERE)], env=deployed.runner.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_description_is_valid(deployed):
    assert json.loads(deployed.runner.run("validate", "-json"))["valid"]


def test_the_example_settings_can_be_planned(deployed, tmp_path, packages):
    arguments = (f"-var-file={terraform.HERE / 'example.tfvars'}", f"-var=package_directory={packages}")
    deployed.runner.run("plan", "-no-color", "-input=false", f"-state={tmp_path / 'none.tfstate'}", *arguments)


def test_the_first_plan_only_creates(deployed):
    assert {tuple(change["change"]["actions"]) for change in _changes(deployed.plans["nothing"])} == {("create",)}


@pytest.mark.parametrize("step", ["defaults", "network later", "everything"])
def test_what_was_applied_is_what_was_described(step, deployed, capsys):
    """A second plan changes nothing; only what the stand-in cannot hold is still to be made."""
    waiting = _changes(deployed.plans[step])
    assert {change["type"] for change in waiting} == terraform.NOT_HELD_BY_MOTO
    assert all(change["change"]["actions"] == ["create"] for change in waiting)
    with capsys.disabled():
        print(f"\nplanned, not applied ({step}): {', '.join(change['address'] for change in waiting)}")


def test_the_table_has_its_keys_index_expiry_and_backups(plain):
    table = plain["table"]
    assert _keys(table) == {"pk": "HASH", "sk": "RANGE"}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"]
    (due,) = table["GlobalSecondaryIndexes"]
    assert due["IndexName"] == "due" and _keys(due) == {"pk": "HASH", "due": "RANGE"}
    assert due["Projection"]["ProjectionType"] == "INCLUDE"
    shown = {"key", "state", "reason", "profile_version", "first_seen_at", "next_attempt_at"}
    assert set(due["Projection"]["NonKeyAttributes"]) == shown
    assert plain["ttl"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    assert plain["backups"]["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert table["SSEDescription"]["SSEType"] == "KMS" and table["SSEDescription"]["KMSMasterKeyArn"] == plain["key"]["Arn"]
    assert plain["key"]["rotates"]


def test_secrets_are_there_empty_and_under_the_key(plain, full):
    assert set(plain["secrets"]) == {f"referral-bridge/gambella/{system}" for system in ("ping", "primero", "ledger")}
    assert len(full["secrets"]) == 6
    for secret in full["secrets"].values():
        assert secret["KmsKeyId"] == full["key"]["Arn"]
        assert secret["versions"] == []


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_functions_have_their_size_environment_and_queue(workflow, plain):
    function = plain["functions"][f"referral-bridge-{workflow}"]
    assert function["Runtime"] == "provided.al2023" and function["Handler"] == "bootstrap"
    assert function["Architectures"] == ["arm64"]
    assert (function["MemorySize"], function["Timeout"]) == (256, 900)
    assert function["TracingConfig"]["Mode"] == "Active"
    assert function["Role"].endswith(f":role/referral-bridge-{workflow}")
    assert function["Environment"]["Variables"] == {
        "TABLE_NAME": TABLE,
        "SECRET_PREFIX": "referral-bridge",
        "DEPLOYMENT": "",
        "LOG_LEVEL": "info",
    }
    assert plain["live"][f"referral-bridge-{workflow}"]["FunctionVersion"] == "1"
    asynchronous = plain["asynchronous"][f"referral-bridge-{workflow}"]
    assert asynchronous["MaximumRetryAttempts"] == 0
    assert asynchronous["DestinationConfig"]["OnFailure"]["Destination"] == plain["queue"]["QueueArn"]


def test_settings_reach_the_functions(full):
    for function in full["functions"].values():
        assert function["Architectures"] == ["x86_64"]
        assert (function["MemorySize"], function["Timeout"]) == (512, 600)
        assert function["Environment"]["Variables"]["DEPLOYMENT"] == "gambella"
        assert function["Environment"]["Variables"]["LOG_LEVEL"] == "debug"
        assert function["VpcConfig"]["SubnetIds"] and function["VpcConfig"]["SecurityGroupIds"]


def test_calls_leave_from_one_fixed_address_if_asked_to(plain, full):
    assert plain["gateways"] == []
    (gateway,), (address,) = full["gateways"], full["addresses"]
    assert gateway["NatGatewayAddresses"][0]["AllocationId"] == address["AllocationId"]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_schedules_are_off_at_first_and_never_retry(workflow, plain):
    schedule = plain["schedules"][f"gambella-{workflow}"]
    assert schedule["State"] == "DISABLED"
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = schedule["Target"]
    assert target["Arn"].endswith(f":function:referral-bridge-{workflow}:live")
    assert json.loads(target["Input"]) == {"deployment": "gambella"}
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 0
    assert target["DeadLetterConfig"]["Arn"] == plain["queue"]["QueueArn"]


def test_each_schedule_has_its_own_switch_and_expression(full):
    on = {name for name, schedule in full["schedules"].items() if schedule["State"] == "ENABLED"}
    own = {f"gambella-{workflow}" for workflow in ("referrals-to-primero", "decisions-to-progres", "referrals-to-progres")}
    assert on == own | {"elsewhere-decisions-to-primero"}
    assert len(full["schedules"]) == 8
    assert full["schedules"]["gambella-referrals-to-progres"]["ScheduleExpressionTimezone"] == "Africa/Addis_Ababa"
    assert full["schedules"]["gambella-referrals-to-progres"]["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    assert full["schedules"]["gambella-decisions-to-progres"]["ScheduleExpression"] == "rate(1 hour)"
    assert json.loads(full["schedules"]["elsewhere-decisions-to-primero"]["Target"]["Input"]) == {"deployment": "elsewhere"}


def test_every_promised_alarm_is_there_and_calls_the_topic(plain):
    told = {f"referral-bridge-gambella-{alarm}" for alarm in ALARMS}
    told |= {f"referral-bridge-{alarm}" for alarm in ("failed-run", "failed-runs-queue", "failed-deliveries")}
    inputs = {f"referral-bridge-{workflow}-throttled" for workflow in WORKFLOWS}
    assert set(plain["alarms"]) == told | inputs
    (topic,) = plain["topics"]
    assert all(plain["alarms"][name]["AlarmActions"] == [topic] for name in told)
    assert all(plain["alarms"][name]["AlarmActions"] == [] for name in inputs)
    assert plain["topics"][topic]["KmsMasterKeyId"] == plain["key"]["Arn"]


def test_the_alarm_for_silence_is_there_while_its_schedule_is_on(full):
    silent = {name: alarm for name, alarm in full["alarms"].items() if name.endswith("-no-completed-run")}
    expected = {f"gambella-{workflow}" for workflow in ("referrals-to-primero", "decisions-to-progres", "referrals-to-progres")}
    expected.add("elsewhere-decisions-to-primero")
    assert set(silent) == {f"referral-bridge-{name}-no-completed-run" for name in expected}
    four_hours = silent["referral-bridge-gambella-referrals-to-primero-no-completed-run"]
    daily = silent["referral-bridge-gambella-referrals-to-progres-no-completed-run"]
    assert (four_hours["EvaluationPeriods"], _series(four_hours)["completed"]["Period"]) == (15, 900)
    assert (daily["EvaluationPeriods"], _series(daily)["completed"]["Period"]) == (25, 3600)
    assert all(alarm["TreatMissingData"] == "breaching" for alarm in silent.values())


def test_a_country_with_an_address_has_a_topic_of_its_own(full):
    own = "arn:aws:sns:eu-west-1:123456789012:referral-bridge-gambella-alarms"
    assert set(full["topics"]) == {DUTY, own}
    assert full["alarms"]["referral-bridge-gambella-newly-held"]["AlarmActions"] == [own]
    assert full["alarms"]["referral-bridge-elsewhere-newly-held"]["AlarmActions"] == [DUTY]
    assert full["alarms"]["referral-bridge-failed-run"]["AlarmActions"] == [DUTY]


def test_thresholds_are_the_settings(full):
    def threshold(alarm):
        return full["alarms"][f"referral-bridge-gambella-{alarm}"]["Threshold"]

    assert (threshold("newly-held"), threshold("oldest-held"), threshold("oldest-unsent")) == (3, 14 * 86400, 48 * 3600)


def test_logs_are_kept_ninety_days_under_the_key(plain):
    assert set(plain["log groups"]) == {f"/aws/lambda/referral-bridge-{workflow}" for workflow in WORKFLOWS}
    for group in plain["log groups"].values():
        assert group["retentionInDays"] == 90
        assert group["kmsKeyId"] == plain["key"]["Arn"]


def test_each_deployment_has_a_dashboard(full):
    assert set(full["dashboards"]) == {"referral-bridge-gambella", "referral-bridge-elsewhere"}


def test_failed_runs_are_kept_two_weeks_and_encrypted(plain):
    assert plain["queue"]["MessageRetentionPeriod"] == "1209600"
    assert plain["queue"]["SqsManagedSseEnabled"] == "true"


def test_the_network_can_be_switched_on_later(deployed):
    functions = deployed.accounts["network later"]["functions"].values()
    assert len(functions) == 4
    assert all(function["VpcConfig"]["SubnetIds"] for function in functions)


def test_the_table_refuses_to_be_deleted(deployed):
    assert deployed.protected


@pytest.mark.parametrize("variant", ["defaults", "everything"])
def test_after_a_removal_only_that_is_left_which_must_outlive_the_stack(variant, deployed):
    before, after = deployed.removed[variant]
    assert all(before.values()), before
    left = {kind: found for kind, found in after.items() if found}
    brought_along = {"policies", "topics"} if variant == "everything" else set()
    assert set(left) == {"tables", "secrets"} | brought_along, left
    assert left["tables"] == [TABLE]
    assert {secret["Name"] for secret in left["secrets"]} == {
        f"referral-bridge/{country}/ledger" for country in VARIANTS[variant].terraform["deployments"]
    }


def test_table_keys_and_ledger_secrets_are_not_removed_by_accident(deployed):
    assert "Instance cannot be destroyed" in deployed.refusal
    description = "".join(file.read_text() for file in terraform.HERE.glob("*.tf"))
    protected = re.findall(r'^resource "(\w+)" "(\w+)" {\n(?:(?!^}).*\n)*?  lifecycle {\n    prevent_destroy = true\n  }\n}', description, re.MULTILINE)
    assert {".".join(resource) for resource in protected} == set(terraform.KEPT)


def test_subnets_of_ones_own_are_taken_by_both_descriptions(deployed):
    own = {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}
    deployed.runner.use({**VARIANTS["defaults"].terraform, **own})
    resources = deployed.runner.plan()["planned_values"]["root_module"]["resources"]
    planned = [r["values"]["vpc_config"][0] for r in resources if r["type"] == "aws_lambda_function"]
    assert [(sorted(one["subnet_ids"]), one["security_group_ids"]) for one in planned] == [(own["subnet_ids"], ["sg-1"])] * 4
    assert not [r for r in resources if r["type"] in ("aws_vpc", "aws_nat_gateway")]
    stack = Stack(translated(texts()["template.yaml"]), {"SubnetIds": "subnet-1,subnet-2", "SecurityGroupIds": "sg-1"})
    functions = [properties for kind, properties in stack.resources().values() if kind == "AWS::Lambda::Function"]
    assert [one["VpcConfig"] for one in functions] == [{"SubnetIds": own["subnet_ids"], "SecurityGroupIds": ["sg-1"]}] * 4
    assert not [kind for kind, _ in stack.resources().values() if kind in ("AWS::EC2::VPC", "AWS::EC2::NatGateway")]
    joins = [r for r in resources if r["type"] == "aws_iam_role_policy_attachment" and r["name"] == "join_network"]
    assert len(joins) == 4 and "JoinNetworkPolicy" in stack.resources()


def test_a_network_of_ones_own_and_a_made_one_exclude_each_other(deployed):
    deployed.runner.use({**VARIANTS["defaults"].terraform, "fixed_egress_address": True, "subnet_ids": ["subnet-1"]})
    with pytest.raises(AssertionError, match="choose one of"):
        deployed.runner.run("plan", "-no-color", "-input=false", "-refresh=false")
    assert "OneNetwork" in yaml_parse(texts()["template.yaml"])["Rules"]


def test_a_function_that_was_stopped_by_hand_stays_stopped():
    """By default the provider would take the limit off again."""
    text = (terraform.HERE / "functions.tf").read_text()
    assert "ignore_changes = [reserved_concurrent_executions]" in text


def _changes(plan):
    return [change for change in plan["resource_changes"] if change["mode"] == "managed" and change["change"]["actions"] != ["no-op"]]


def _series(alarm):
    return {one["Id"]: one.get("MetricStat", one) for one in alarm["Metrics"]}


def _keys(described):
    return {key["AttributeName"]: key["KeyType"] for key in described["KeySchema"]}
