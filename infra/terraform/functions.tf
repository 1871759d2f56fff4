# One function a workflow, for all deployments: the event names the deployment.

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.workflows

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.bridge.arn
}

resource "aws_lambda_function" "workflow" {
  for_each = local.workflows

  function_name = "${var.name}-${each.key}"
  description   = "Referral Bridge ${each.value.number}: ${each.value.what}"
  role          = aws_iam_role.function[each.key].arn

  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = "${var.package_directory}/${each.key}/bootstrap.zip"
  source_code_hash = filebase64sha256("${var.package_directory}/${each.key}/bootstrap.zip")

  # Every change of code or settings is a version of its own, to which one can go back.
  publish = true

  memory_size = var.memory_mb
  timeout     = var.timeout_seconds

  environment {
    variables = {
      TABLE_NAME    = aws_dynamodb_table.state.name
      SECRET_PREFIX = var.name
      DEPLOYMENT    = var.default_deployment
      LOG_LEVEL     = var.log_level
    }
  }

  tracing_config {
    mode = "Active"
  }

  dynamic "vpc_config" {
    for_each = local.joins_network ? [1] : []
    content {
      subnet_ids         = var.fixed_egress_address ? aws_subnet.private[*].id : var.subnet_ids
      security_group_ids = var.fixed_egress_address ? aws_security_group.functions[*].id : var.security_group_ids
    }
  }

  # A function that was stopped by hand stays stopped until a person starts it.
  lifecycle {
    ignore_changes = [reserved_concurrent_executions]
  }

  depends_on = [
    aws_cloudwatch_log_group.function,
    aws_iam_role_policy.function,
    aws_iam_role_policy_attachment.function,
    aws_iam_role_policy_attachment.join_network,
  ]
}

# Schedules start the alias; applying points it at a new version, and ../switch at an older one.
resource "aws_lambda_alias" "live" {
  for_each = local.workflows

  name             = "live"
  function_name    = aws_lambda_function.workflow[each.key].function_name
  function_version = aws_lambda_function.workflow[each.key].version
}

# A run that failed is not repeated by AWS: the next tick of the schedule is the repeat. What failed is kept in the queue.
resource "aws_lambda_function_event_invoke_config" "workflow" {
  for_each = local.workflows

  function_name                = aws_lambda_function.workflow[each.key].function_name
  qualifier                    = aws_lambda_alias.live[each.key].name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 900

  destination_config {
    on_failure {
      destination = aws_sqs_queue.failed_runs.arn
    }
  }
}

# Holds the event (a deployment's name) and the error's code, for two weeks.
resource "aws_sqs_queue" "failed_runs" {
  name                      = "${var.name}-failed-runs"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}
