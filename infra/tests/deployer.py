"""The deployer's policy, held against the calls that Terraform made when it built, changed and removed the stack."""

import json
import re
from pathlib import Path

POLICIES = Path(__file__).resolve().parent.parent / "policies"
# A managed policy holds 6,144 characters, so what SAM and what the fixed address need stands apart.
FILES = ("deployer.json", "deployer-network.json", "deployer-sam.json")

# How IAM calls what the provider's log calls so.
PREFIX = {
    "CloudWatch": "cloudwatch",
    "CloudWatch Logs": "logs",
    "DynamoDB": "dynamodb",
    "EC2": "ec2",
    "IAM": "iam",
    "KMS": "kms",
    "Lambda": "lambda",
    "SNS": "sns",
    "SQS": "sqs",
    "STS": "sts",
    "Scheduler": "scheduler",
    "Secrets Manager": "secretsmanager",
}

# What is granted though the recorded calls do not show it, with the reason.
BEYOND = {
    "tags are asked for beside the call that makes a thing": (
        "cloudwatch:TagResource dynamodb:TagResource ec2:CreateTags iam:TagPolicy iam:TagRole kms:TagResource lambda:TagResource lambda:ListTags "
        "logs:TagResource scheduler:TagResource secretsmanager:TagResource sns:TagResource sqs:TagQueue"
    ),
    "DynamoDB, Logs, SNS and Secrets Manager use the key in the name of who makes the table, the group, the topic and the secret": (
        "kms:CreateGrant kms:Decrypt kms:GenerateDataKey"
    ),
    "the stand-in cannot hold composite alarms and saved queries": (
        "cloudwatch:PutCompositeAlarm logs:DeleteQueryDefinition logs:DescribeQueryDefinitions logs:PutQueryDefinition"
    ),
    "the functions and the schedules are given their roles": "iam:PassRole",
    "settings that were not changed while calls were recorded": (
        "dynamodb:UpdateTable iam:CreatePolicyVersion iam:DeleteRolePermissionsBoundary iam:ListEntitiesForPolicy iam:ListRoleTags "
        "iam:PutRolePermissionsBoundary iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription kms:PutKeyPolicy kms:UpdateAlias "
        "kms:UpdateKeyDescription lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionConfiguration lambda:ListAliases lambda:PublishVersion "
        "lambda:UpdateAlias lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:UpdateFunctionEventInvokeConfig "
        "logs:DescribeIndexPolicies scheduler:UpdateSchedule secretsmanager:UpdateSecret sqs:SetQueueAttributes"
    ),
    "the steps and runbooks of infra/README.md": (
        "cloudwatch:SetAlarmState dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:CreateBackup dynamodb:DeleteItem dynamodb:DeleteTable "
        "dynamodb:DescribeBackup dynamodb:GetItem dynamodb:ListBackups dynamodb:PutItem dynamodb:Query dynamodb:RestoreTableFromBackup "
        "dynamodb:RestoreTableToPointInTime dynamodb:Scan dynamodb:UpdateItem kms:ScheduleKeyDeletion lambda:DeleteFunctionConcurrency "
        "lambda:GetFunctionConcurrency lambda:InvokeFunction lambda:PutFunctionConcurrency secretsmanager:ListSecretVersionIds "
        "secretsmanager:PutSecretValue schemas:CreateRegistry schemas:CreateSchema sqs:PurgeQueue"
    ),
    "SAM and CloudFormation": (
        "cloudformation:CreateChangeSet cloudformation:CreateStack cloudformation:DeleteChangeSet cloudformation:DeleteStack "
        "cloudformation:DescribeChangeSet cloudformation:DescribeStackEvents cloudformation:DescribeStacks cloudformation:ExecuteChangeSet "
        "cloudformation:GetTemplate cloudformation:GetTemplateSummary cloudformation:ListStackResources s3:CreateBucket s3:GetBucketLocation "
        "s3:GetObject s3:ListBucket s3:PutBucketPolicy s3:PutBucketPublicAccessBlock s3:PutBucketTagging s3:PutBucketVersioning "
        "s3:PutEncryptionConfiguration s3:PutObject"
    ),
}


def recorded(logs):
    """The actions in the provider's logs."""
    found = set()
    for log in logs:
        for line in log.read_text(errors="replace").splitlines():
            method = re.search(r"rpc\.method=(\w+)", line)
            service = re.search(r'rpc\.service=(?:"([^"]+)"|(\w+))', line)
            if method and service:
                found.add(f"{PREFIX[service.group(1) or service.group(2)]}:{method.group(1)}")
    return found


def beyond():
    return {action for actions in BEYOND.values() for action in actions.split()}


def statements():
    return [statement for file in FILES for statement in json.loads((POLICIES / file).read_text())["Statement"]]


def granted(given):
    """The actions of statements; one with a star, or a denial, is an error."""
    found = set()
    for statement in given:
        if statement["Effect"] != "Allow" or any("*" in action for action in statement["Action"]):
            raise ValueError(statement["Sid"])
        found.update(statement["Action"])
    return found


def faults(actions, given):
    """What statements lack, and what nothing asks for."""
    allowed = granted(given)
    found = [f"lacks {action}" for action in sorted((actions | beyond()) - allowed)]
    return found + [f"needs no {action}" for action in sorted(allowed - actions - beyond())]
