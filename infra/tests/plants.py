"""Faults planted on purpose: a check that does not find them checks nothing.

Each is (file, what is replaced, by what, a word that the finding must contain).
"""

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
    ("deployment.yaml", "    Default: rate(15 minutes)", "    Default: rate(5 minutes)", "expression"),
    ("deployment.yaml", "State: !If [ReferralsToPrimeroOn, ENABLED, DISABLED]", "State: ENABLED", "state"),
    ("deployment.yaml", "/primero", "/primero-access", "only in"),
    ("deployment.yaml", "          MetricName: HeldNew", "          MetricName: Held", "metric"),
    ("deployment.yaml", "title: Held now", "title: Held", "dashboard"),
]

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
    ("template.yaml", '["*#referrals-to-primero", "*#sign-in"]', '["*"]', "outside the access matrix"),
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
]


def planted(texts, file, old, new):
    """The templates with one fault in them."""
    if old not in texts[file]:
        raise ValueError(f"{file} has no {old!r}: the planted fault is out of date")
    return {**texts, file: texts[file].replace(old, new)}
