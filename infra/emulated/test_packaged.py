"""The packaged functions, deployed by Terraform to the emulated AWS, from the first dry run to the switch. In this order: each trial
goes on from the one before, as going live does."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import commands
from scene import COUNTRY, RECORDS, ROOT, TABLE, WORKFLOWS, eventually, name

LIMIT = 5
# What goes out where a repeat does harm begins on an empty ledger only if a person says so.
FIRST = {workflow: {"first_run": True} for workflow in ("decisions-to-progres", "referrals-to-progres")}
TOOLS = Path(os.environ["INFRA_CHECK_DIRECTORY"]) / "awscli" / "bin"


def test_the_function_is_there_under_its_alias(scene, workflow):
    assert version(scene, workflow) == "1"
    function = scene.aws("lambda").get_function_configuration(FunctionName=name(workflow), Qualifier="1")
    assert (function["State"], function["Runtime"]) == ("Active", "provided.al2023")


def test_a_dry_run_tells_what_it_would_bring_and_changes_nothing(scene, workflow):
    before = scene.systems.changes()
    report = scene.run(workflow, dry_run=True)
    assert (report["status"], report["dry_run"], report["counts"]["delivered"]) == ("completed", True, 0)
    assert report["counts"]["would_deliver"] == RECORDS
    assert scene.systems.changes() == before


def test_a_limit_of_five_brings_five(scene, workflow):
    report = scene.run(workflow, limit=LIMIT, **FIRST.get(workflow, {}))
    assert report["counts"]["delivered"] == LIMIT


def test_a_full_run_brings_the_rest(scene, workflow):
    report = scene.run(workflow)
    assert (report["status"], report["counts"]["delivered"]) == ("completed", RECORDS - LIMIT)


def test_a_second_run_changes_nothing(scene, workflow):
    before = scene.systems.changes()
    report = scene.run(workflow)
    assert (report["status"], report["counts"]["delivered"]) == ("completed", 0)
    assert scene.systems.changes() == before


def test_a_warm_process_takes_a_changed_secret(scene):
    workflow, right = "referrals-to-primero", scene.systems.secrets["ping"]
    scene.put_secret("ping", {**right, "password": "another one"})
    failed, told = scene.invoke(workflow)
    assert failed and told["errorType"] == "authentication_failed", told
    scene.put_secret("ping", right)
    assert scene.run(workflow)["status"] == "completed"
    # All of its runs, those of the trials above too, were of one process.
    assert len(scene.log(workflow)) == 1


def test_what_fails_without_a_caller_is_kept_in_the_queue(scene):
    event = {"deployment": "atlantis"}
    scene.aws("lambda").invoke(
        FunctionName=name("decisions-to-primero"), Qualifier="live", InvocationType="Event", Payload=json.dumps(event)
    )
    told = failed_run(scene)
    assert told["requestContext"]["condition"] == "RetriesExhausted"
    assert told["requestContext"]["approximateInvokeCount"] == 1
    assert told["requestPayload"] == event
    assert told["responsePayload"]["errorType"] == "unknown_deployment"


def test_a_rule_starts_what_a_schedule_would_start(scene, workflow):
    """The emulation keeps schedules and does not follow them; a rule takes the same target, event and role."""
    schedule = scene.aws("scheduler").get_schedule(GroupName="referral-bridge", Name=f"{COUNTRY}-{workflow}")
    assert schedule["State"] == "DISABLED"
    target, before = schedule["Target"], runs(scene, workflow)
    rules = scene.aws("events")
    rules.put_rule(Name=workflow, ScheduleExpression="rate(1 minute)")
    rules.put_targets(Rule=workflow, Targets=[{"Id": "1", "Arn": target["Arn"], "Input": target["Input"]}])
    eventually("a run by the rule", lambda: runs(scene, workflow) - before)
    rules.remove_targets(Rule=workflow, Ids=["1"])
    rules.delete_rule(Name=workflow)


def test_what_was_stopped_by_one_command_does_not_begin(scene):
    switch(scene, "stop", "referrals-to-primero")
    functions = scene.aws("lambda")
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        scene.invoke("referrals-to-primero")
    functions.invoke(
        FunctionName=name("referrals-to-primero"), Qualifier="live", InvocationType="Event", Payload=json.dumps({"deployment": COUNTRY})
    )
    assert failed_run(scene)["requestContext"]["condition"] == "ZeroReservedConcurrency"
    switch(scene, "start", "referrals-to-primero")
    assert scene.run("referrals-to-primero")["status"] == "completed"


def test_one_goes_back_to_the_version_before_by_one_command(scene):
    workflow = "referrals-to-primero"
    scene.runner.use({**scene.settings, "log_level": "debug"})
    scene.runner.apply()
    assert version(scene, workflow) == "2"
    switch(scene, "back", workflow)
    assert version(scene, workflow) == "1"
    assert scene.run(workflow)["status"] == "completed"


def test_nothing_at_rest_has_a_name_in_it(scene):
    names = scene.systems.names()
    assert len(names) > RECORDS
    pages = scene.dynamodb("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    rows = json.dumps([row for page in pages for row in page["Items"]], default=str)
    lines = "".join(line for workflow in WORKFLOWS for stream in scene.log(workflow).values() for line in stream)
    assert rows.count('"sk"') > 4 * RECORDS and lines.count("run ended") > 4 * len(WORKFLOWS)
    assert not [one for one in names if one in rows or one in lines]


def test_cloudformation_deploys_another_country_as_its_template_stands(scene):
    """By the command of the README. What the first stack would export has Terraform made here."""
    stacks, outputs = scene.aws("cloudformation"), exported(scene)
    stacks.create_stack(StackName="referral-bridge", TemplateBody=json.dumps(outputs))
    stacks.get_waiter("stack_create_complete").wait(StackName="referral-bridge", WaiterConfig={"Delay": 1})
    (command,) = [line for line in commands.commands() if line.startswith("aws cloudformation deploy")]
    typed(scene, "bash", "-c", command.replace(COUNTRY, "elsewhere"))
    (stack,) = stacks.describe_stacks(StackName="referral-bridge-elsewhere")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {secret["Name"] for secret in scene.aws("secretsmanager").list_secrets()["SecretList"]} == {
        f"referral-bridge/{country}/{system}" for country in (COUNTRY, "elsewhere") for system in scene.systems.secrets
    }
    schedules = scene.aws("scheduler")
    for workflow in WORKFLOWS:
        ours, theirs = (schedules.get_schedule(GroupName="referral-bridge", Name=f"{country}-{workflow}") for country in (COUNTRY, "elsewhere"))
        assert theirs["ScheduleExpression"] == ours["ScheduleExpression"] and theirs["State"] == "DISABLED"
        assert theirs["Target"]["Arn"] == ours["Target"]["Arn"]
        assert json.loads(theirs["Target"]["Input"]) == {"deployment": "elsewhere"}


def exported(scene):
    """A template whose outputs are those by which the first stack serves countries, with the values of this account."""
    schedules = {workflow: scene.aws("scheduler").get_schedule(GroupName="referral-bridge", Name=f"{COUNTRY}-{workflow}") for workflow in WORKFLOWS}
    target = schedules[WORKFLOWS[0]]["Target"]
    values = {
        "key": scene.aws("kms").describe_key(KeyId="alias/referral-bridge")["KeyMetadata"]["Arn"],
        "alarm-topic": scene.aws("sns").list_topics()["Topics"][0]["TopicArn"],
        "failed-runs-queue": target["DeadLetterConfig"]["Arn"],
        "scheduler-role": target["RoleArn"],
        "schedule-group": "referral-bridge",
        **{workflow: schedule["Target"]["Arn"] for workflow, schedule in schedules.items()},
    }
    outputs = {f"O{number}": {"Value": value, "Export": {"Name": f"referral-bridge-{of}"}} for number, (of, value) in enumerate(values.items())}
    return {"Resources": {"Nothing": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}


def failed_run(scene):
    """The next message of the queue of failed runs, taken out of it."""
    queues = scene.aws("sqs")
    address = queues.get_queue_url(QueueName="referral-bridge-failed-runs")["QueueUrl"]
    (message,) = eventually("a failed run in the queue", lambda: queues.receive_message(QueueUrl=address).get("Messages"))
    queues.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def runs(scene, workflow):
    """The runs that have ended, by the id of their invocation."""
    lines = [line for stream in scene.log(workflow).values() for line in stream]
    return {line for line in lines if '"run ended"' in line}


def version(scene, workflow):
    return scene.aws("lambda").get_alias(FunctionName=name(workflow), Name="live")["FunctionVersion"]


def switch(scene, *arguments):
    typed(scene, ROOT / "infra" / "switch", *arguments)


def typed(scene, *command):
    """A command that ends well, typed at the root of the repository with the AWS CLI at hand."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL": scene.endpoint,
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
