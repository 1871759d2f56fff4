# A role for each function: its own rows and its own log, and what all four need.

resource "aws_iam_role" "function" {
  for_each = local.workflows

  name        = "${var.name}-${each.key}"
  description = "Referral Bridge ${each.value.number}: ${each.value.what}"
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
    Statement = concat(
      [
        {
          # Partition keys are <deployment>#<workflow>. No action here works without a key (no Scan), so the condition always binds.
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
          Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#${each.key}", "*#sign-in"] } }
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
      ],
      [for other in each.value.reads : {
        Sid       = "RowsOfItsReferrals"
        Effect    = "Allow"
        Action    = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
        Resource  = [aws_dynamodb_table.state.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*#${other}"] } }
      }]
    )
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
        Sid       = "KeyOfSecrets"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [aws_kms_key.bridge.arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${data.aws_region.here.name}.amazonaws.com" } }
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
        Condition = { StringEquals = { "kms:ViaService" = "dynamodb.${data.aws_region.here.name}.amazonaws.com" } }
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
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } }
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
        Resource = [for workflow in sort(keys(local.workflows)) : "${local.arn.lambda}:function:${var.name}-${workflow}"]
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
