"""What is really in the account, read back with the AWS SDK: neither description is asked."""

import json

import boto3
import botocore.exceptions


def clients(endpoint, key="nobody"):
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key="nothing", region_name="eu-west-1")
    return lambda service: session.client(service, endpoint_url=endpoint)


def read(endpoint, table):
    """Everything of the stack that the checks look at, by name."""
    client = clients(endpoint)
    dynamodb, functions, scheduler = client("dynamodb"), client("lambda"), client("scheduler")
    names = [function["FunctionName"] for function in functions.list_functions()["Functions"]]
    return {
        "table": dynamodb.describe_table(TableName=table)["Table"],
        "ttl": dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"],
        "backups": dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"],
        "functions": {name: functions.get_function_configuration(FunctionName=name) for name in names},
        "asynchronous": {name: functions.get_function_event_invoke_config(FunctionName=name, Qualifier="live") for name in names},
        "live": {name: functions.get_alias(FunctionName=name, Name="live") for name in names},
        "schedules": {
            one["Name"]: scheduler.get_schedule(GroupName=one["GroupName"], Name=one["Name"])
            for one in scheduler.list_schedules()["Schedules"]
        },
        "secrets": _secrets(client("secretsmanager")),
        "alarms": {alarm["AlarmName"]: alarm for alarm in _pages(client("cloudwatch"), "describe_alarms", "MetricAlarms")},
        "dashboards": [d["DashboardName"] for d in client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "log groups": {group["logGroupName"]: group for group in _pages(client("logs"), "describe_log_groups", "logGroups")},
        "queue": _queue(client("sqs")),
        "topics": {topic: _topic(client("sns"), topic) for topic in _topics(client("sns"))},
        "key": _key(client("kms")),
        "gateways": client("ec2").describe_nat_gateways()["NatGateways"],
        "addresses": client("ec2").describe_addresses()["Addresses"],
    }


def refuses_deletion(endpoint, table):
    """Whether the table cannot be deleted by one who has every right."""
    try:
        clients(endpoint)("dynamodb").delete_table(TableName=table)
    except botocore.exceptions.ClientError as refused:
        return refused.response["Error"]["Code"] == "ValidationException"
    return False


def govern(endpoint, topic, boundary):
    """What a governed account has before the stack is there."""
    client = clients(endpoint)
    client("sns").create_topic(Name=topic.rsplit(":", 1)[-1])
    nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    client("iam").create_policy(PolicyName=boundary.rsplit("/", 1)[-1], PolicyDocument=json.dumps(nothing))


def inventory(endpoint):
    """All that is there of what the stack makes, by kind."""
    client = clients(endpoint)
    return {
        "tables": client("dynamodb").list_tables()["TableNames"],
        "functions": client("lambda").list_functions()["Functions"],
        "schedules": client("scheduler").list_schedules()["Schedules"],
        "schedule groups": [g for g in client("scheduler").list_schedule_groups()["ScheduleGroups"] if g["Name"] != "default"],
        "secrets": client("secretsmanager").list_secrets()["SecretList"],
        "dashboards": client("cloudwatch").list_dashboards()["DashboardEntries"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "log groups": client("logs").describe_log_groups()["logGroups"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": client("sns").list_topics()["Topics"],
        "roles": client("iam").list_roles()["Roles"],
        "policies": client("iam").list_policies(Scope="Local")["Policies"],
        "networks": [network for network in client("ec2").describe_vpcs()["Vpcs"] if not network["IsDefault"]],
        "gateways": [gateway for gateway in client("ec2").describe_nat_gateways()["NatGateways"] if gateway["State"] != "deleted"],
        "addresses": client("ec2").describe_addresses()["Addresses"],
    }


def _pages(client, operation, key):
    return [item for page in client.get_paginator(operation).paginate() for item in page[key]]


def _secrets(client):
    secrets = {}
    for secret in _pages(client, "list_secrets", "SecretList"):
        secret["versions"] = client.list_secret_version_ids(SecretId=secret["Name"])["Versions"]
        secrets[secret["Name"]] = secret
    return secrets


def _queue(client):
    (address,) = client.list_queues()["QueueUrls"]
    return client.get_queue_attributes(QueueUrl=address, AttributeNames=["All"])["Attributes"]


def _topics(client):
    return [topic["TopicArn"] for topic in client.list_topics()["Topics"]]


def _topic(client, arn):
    return client.get_topic_attributes(TopicArn=arn)["Attributes"]


def _key(client):
    # moto keeps AWS's own keys among ours.
    ours = client.describe_key(KeyId="alias/referral-bridge")["KeyMetadata"]
    ours["rotates"] = client.get_key_rotation_status(KeyId=ours["KeyId"])["KeyRotationEnabled"]
    ours["policy"] = json.loads(client.get_key_policy(KeyId=ours["KeyId"], PolicyName="default")["Policy"])
    return ours
