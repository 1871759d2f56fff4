# A role for each function: its own rows and its own log, and what all four need.

resource "aws_iam_role" "function" {
  for_each = local.workflows

  name        = "${var.name}-${each.key}"
  description = "Referral Bridge ${each.value.number}: ${each.value.what}"

  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.workflows

  name = "own-rows-and-log"
  role = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Partition keys are <deployment>#<workflow>, and those that workflows share: whose sign-in was refused, what is found by, what
        # people ask for, which deployments there are, and whose a Primero is. No action works without a key (no Scan), so the condition
        # always binds.
        Sid    = "OwnRows"
        Effect = "Allow"
        Action = [
          "dynamodb:BatchGetItem",
          "dynamodb:ConditionCheckItem",
          "dynamodb:GetItem",
          "dynamodb:PutItem",
          "dynamodb:Query",
          "dynamodb:UpdateItem",
        ]
        Resource  = [aws_dynamodb_table.state.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#${each.key}", "*#find", "*#scope", "*#request#*", "*#sign-in", "deployments", "owner#*"] } }
      },
      {
        Sid       = "OwnDueRows"
        Effect    = "Allow"
        Action    = ["dynamodb:Query"]
        Resource  = ["${aws_dynamodb_table.state.arn}/index/due"]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#${each.key}"] } }
      },
      {
        Sid      = "OwnLog"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${local.arn.logs}:log-group:/aws/lambda/${var.name}-${each.key}:*"]
      },
      {
        Sid       = "RowsOfTheOtherDirection"
        Effect    = "Allow"
        Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
        Resource  = [aws_dynamodb_table.state.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#${each.value.reads}"] } }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "function" {
  for_each = local.workflows

  role       = aws_iam_role.function[each.key].name
  policy_arn = aws_iam_policy.every_function.arn
}

resource "aws_iam_policy" "every_function" {
  name        = "${var.name}-every-function"
  description = "Referral Bridge: what all four functions need"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Secrets"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [for system in ["ping", "primero", "ledger"] :
          "${local.arn.secretsmanager}:secret:${var.name}/*/${system}-*"
        ]
      },
      {
        # All secrets of a run in one call, which itself has no resources to name; each secret is still granted above.
        Sid      = "SecretsAtOnce"
        Effect   = "Allow"
        Action   = ["secretsmanager:BatchGetSecretValue"]
        Resource = ["*"]
      },
      {
        Sid       = "KeyOfSecrets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.bridge.arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${local.region}.amazonaws.com" } }
      },
      {
        Sid    = "KeyOfTable"
        Effect = "Allow"
        Action = [
          "kms:Decrypt",
          "kms:DescribeKey",
          "kms:Encrypt",
          "kms:GenerateDataKey",
          "kms:GenerateDataKeyWithoutPlaintext",
          "kms:ReEncryptFrom",
          "kms:ReEncryptTo",
        ]
        Resource  = [aws_kms_key.bridge.arn]
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${local.region}.amazonaws.com" } }
      },
      {
        Sid      = "FailedRuns"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed_runs.arn]
      },
      {
        # X-Ray has no resources to name.
        Sid      = "Traces"
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = ["*"]
      },
    ]
  })
}

resource "aws_iam_role" "scheduler" {
  name        = "${var.name}-scheduler"
  description = "Referral Bridge: starts the functions"

  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = {
        "aws:SourceAccount" = data.aws_caller_identity.here.account_id
        "aws:SourceArn"     = aws_scheduler_schedule_group.bridge.arn
      } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name = "start-functions"
  role = aws_iam_role.scheduler.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "StartFunctions"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [for workflow in sort(keys(local.workflows)) : aws_lambda_alias.live[workflow].arn]
      },
      {
        Sid      = "FailedStarts"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = [aws_sqs_queue.failed_runs.arn]
      },
    ]
  })
}

# For a support officer's group or role: reads rows, logs and alarms, asks for acts under the own name, and notes an unlocked account.
resource "aws_iam_policy" "officer" {
  name        = "${var.name}-officer"
  description = "Referral Bridge: what a support officer needs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadRows"
        Effect   = "Allow"
        Action   = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]
        Resource = [aws_dynamodb_table.state.arn, "${aws_dynamodb_table.state.arn}/index/*"]
      },
      {
        Sid       = "AskUnderTheOwnName"
        Effect    = "Allow"
        Action    = ["dynamodb:PutItem", "dynamodb:UpdateItem"]
        Resource  = [aws_dynamodb_table.state.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#request#$${aws:userid}"] } }
      },
      {
        Sid       = "AllowSignIn"
        Effect    = "Allow"
        Action    = ["dynamodb:DeleteItem"]
        Resource  = [aws_dynamodb_table.state.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#sign-in"] } }
      },
      {
        Sid       = "KeyOfTable"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.bridge.arn]
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${local.region}.amazonaws.com" } }
      },
      {
        Sid      = "AskLogs"
        Effect   = "Allow"
        Action   = ["logs:FilterLogEvents", "logs:StartQuery"]
        Resource = ["${local.arn.logs}:log-group:/aws/lambda/${var.name}-*"]
      },
      {
        # These have no resources to name, or show nothing but names and counts.
        Sid    = "Look"
        Effect = "Allow"
        Action = [
          "cloudwatch:DescribeAlarms",
          "cloudwatch:GetDashboard",
          "cloudwatch:GetMetricData",
          "cloudwatch:ListDashboards",
          "logs:DescribeLogGroups",
          "logs:DescribeQueryDefinitions",
          "logs:GetQueryResults",
        ]
        Resource = ["*"]
      },
    ]
  })
}
