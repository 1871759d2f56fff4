"""Faults planted on purpose: a check that does not find them checks nothing.

Each is (file, what is replaced, by what, a word that the finding must contain).
"""

import copy

DRIFT = [
    ("template.yaml", "    Default: 256\n", "    Default: 512\n", "memory_mb"),
    ("template.yaml", "Default: arm64", "Default: x86_64", "architectures"),
    ("template.yaml", "MaximumRetryAttempts: 0", "MaximumRetryAttempts: 2", "retries"),
    ("template.yaml", "          Destination: !GetAtt FailedRunsQueue.Arn", "          Destination: !Ref AlarmTopic", "on_failure"),
    ("template.yaml", "AttributeName: ttl", "AttributeName: expires", "ttl"),
    ("template.yaml", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false", "point_in_time_recovery"),
    ("template.yaml", "[first_seen_at, key, next_attempt_at, profile_version, reason, state]", "[first_seen_at, reason, state]", "indexes"),
    ("template.yaml", "                  - dynamodb:PutItem\n", "", "own-rows-and-log"),
    ("template.yaml", "        SECRET_PREFIX: !Ref Name\n", "", "SECRET_PREFIX"),
    ("template.yaml", "      Threshold: 1\n", "      Threshold: 5\n", "threshold"),
    ("template.yaml", '| filter message = "run ended"', '| filter message = "run"', "saved query"),
    ("template.yaml", "    Default: 90\n", "    Default: 30\n", "days"),
    ("deployment.yaml", "          MaximumRetryAttempts: 0", "          MaximumRetryAttempts: 3", "retries"),
    ("deployment.yaml", "    Default: cron(0/2 * * * ? *)", "    Default: rate(5 minutes)", "expression"),
    ("deployment.yaml", "    Default: UTC", "    Default: Africa/Nairobi", "timezone"),
    ("deployment.yaml", "State: !If [ReferralsToPrimeroOn, ENABLED, DISABLED]", "State: ENABLED", "state"),
    ("deployment.yaml", "/primero", "/primero-access", "only in"),
    ("deployment.yaml", "              MetricName: HeldNew", "              MetricName: Held", "metric"),
    ("deployment.yaml", '"title": "Waiting now"', '"title": "Held"', "dashboard"),
    # A second mail that nobody needs; an alarm that loses its mail; a kill switch that is no longer known.
    ("deployment.yaml", "      AlarmActions: ", '      OKActions: [{ "Fn::ImportValue": !Sub "${Name}-alarm-topic" }]\n      AlarmActions: ', "ok_actions"),
    ("template.yaml", "      Period: 3600\n      EvaluationPeriods: 1\n", "      Period: 3600\n      EvaluationPeriods: 1\n      AlarmActions: [!Ref AlarmTopicArn]\n", "actions"),
    ("deployment.yaml", ' AND NOT ALARM("${Name}-referrals-to-primero-throttled")', "", "rule"),
    ("deployment.yaml", '"FILL(completed, 0)"', '"completed"', "expression"),
    ("template.yaml", "    AutoPublishAlias: live\n", "    AutoPublishAlias: now\n", "alias"),
    # Properties that neither description has, and no reader knows.
    ("template.yaml", "    Tracing: Active\n", "    Tracing: Active\n    ReservedConcurrentExecutions: 5\n", "ReservedConcurrentExecutions"),
    ("template.yaml", "    Tracing: Active\n", "    Tracing: Active\n    EphemeralStorage: { Size: 1024 }\n", "EphemeralStorage.Size"),
    ("template.yaml", "      SqsManagedSseEnabled: true\n", "      SqsManagedSseEnabled: true\n      VisibilityTimeout: 60\n", "VisibilityTimeout"),
    (
        "template.yaml",
        "        PointInTimeRecoveryEnabled: true\n",
        "        PointInTimeRecoveryEnabled: true\n        RecoveryPeriodInDays: 7\n",
        "RecoveryPeriodInDays",
    ),
    ("template.yaml", "      PendingWindowInDays: 30\n", "      PendingWindowInDays: 30\n      MultiRegion: true\n", "MultiRegion"),
    ("template.yaml", "      EvaluationPeriods: 4\n", "      EvaluationPeriods: 4\n      DatapointsToAlarm: 1\n", "DatapointsToAlarm"),
    (
        "deployment.yaml",
        "      ScheduleExpression: !Ref ReferralsToPrimeroExpression\n",
        "      ScheduleExpression: !Ref ReferralsToPrimeroExpression\n      StartDate: \"2026-01-01T00:00:00Z\"\n",
        "StartDate",
    ),
    (
        "deployment.yaml",
        '      Name: !Sub "${Name}/${Deployment}/ping"\n',
        '      Name: !Sub "${Name}/${Deployment}/ping"\n      ReplicaRegions: [{ Region: eu-west-2 }]\n',
        "ReplicaRegions.Region",
    ),
]

# The same in Terraform: a resource's address, the argument, its value.
DRIFT_OF_TERRAFORM = [
    ("aws_lambda_function.workflow", "reserved_concurrent_executions", 5),
    ("aws_sqs_queue.failed_runs", "fifo_queue", False),
    ("aws_dynamodb_table.state", "point_in_time_recovery.recovery_period_in_days", 7),
]

ONLY_LAMBDA_JOINS = """\
          - Sid: OnlyLambdaJoins
            Effect: Deny
            Action:
              - ec2:AssignPrivateIpAddresses
              - ec2:CreateNetworkInterface
              - ec2:DeleteNetworkInterface
              - ec2:DescribeNetworkInterfaces
              - ec2:DescribeSubnets
              - ec2:UnassignPrivateIpAddresses
            Resource: ["*"]
            Condition:
              ArnLike: { lambda:SourceFunctionArn: !Sub "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${Name}-*" }
"""

PRIVILEGE = [
    ("template.yaml", "                  - dynamodb:PutItem\n", "                  - dynamodb:*\n", "wildcard action"),
    ("template.yaml", "                  - dynamodb:PutItem\n", "                  - dynamodb:Scan\n", "outside the access matrix"),
    ("template.yaml", "                  - dynamodb:PutItem\n", "", "lacks dynamodb:PutItem"),
    (
        "template.yaml",
        "                Resource: [!GetAtt StateTable.Arn]\n",
        '                Resource: ["*"]\n',
        "on every resource",
    ),
    ("template.yaml", '"*#request#*", "*#sign-in"', '"*"', "outside the access matrix"),
    ("template.yaml", '"*#request#*", "*#sign-in"', '"*#sign-in"', "lacks dynamodb:PutItem"),
    ("template.yaml", "                aws:SourceArn: !GetAtt ScheduleGroup.Arn\n", "", "may be assumed by"),
    ("template.yaml", "*#request#${aws:userid}", "*#request#*", "officer"),
    (
        "template.yaml",
        "                Action: [dynamodb:BatchGetItem, dynamodb:GetItem]\n",
        "                Action: [dynamodb:BatchGetItem, dynamodb:GetItem, dynamodb:PutItem]\n",
        "outside the access matrix",
    ),
    ("template.yaml", "secret:${Name}/*/ping-*", "secret:*", "outside the access matrix"),
    (
        "template.yaml",
        "        - !Ref EveryFunctionPolicy\n",
        "        - !Ref EveryFunctionPolicy\n        - arn:aws:iam::aws:policy/AdministratorAccess\n",
        "AdministratorAccess",
    ),
    (
        "template.yaml",
        "            Principal: { Service: lambda.amazonaws.com }\n",
        '            Principal: { AWS: "*" }\n',
        "may be assumed by",
    ),
    (
        "template.yaml",
        "            Principal: { Service: cloudwatch.amazonaws.com }\n",
        '            Principal: { AWS: "*" }\n',
        "key: open to",
    ),
    ("template.yaml", ONLY_LAMBDA_JOINS, "", "lacks no ec2:CreateNetworkInterface"),
    ("template.yaml", "function:${Name}-*\" }", "function:other-*\" }", "lacks no ec2:CreateNetworkInterface"),
]


def planted(texts, file, old, new):
    """The templates with one fault in them."""
    if old not in texts[file]:
        raise ValueError(f"{file} has no {old!r}: the planted fault is out of date")
    return {**texts, file: texts[file].replace(old, new)}


def planted_argument(plan, address, path, value):
    """The plan of a Terraform description that sets an argument so."""
    plan = copy.deepcopy(plan)
    (written,) = [r["expressions"] for r in plan["configuration"]["root_module"]["resources"] if r["address"] == address]
    planned = [r["values"] for r in plan["planned_values"]["root_module"]["resources"] if f"{r['type']}.{r['name']}" == address]
    *blocks, argument = path.split(".")
    for place, what in [(written, {"constant_value": value}), *((values, value) for values in planned)]:
        for block in blocks:
            place = place[block][0]
        place[argument] = what
    return plan
