# What calls a person. Held records are a normal day; newly held ones, and old ones, are not.

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  display_name      = "Referral Bridge"
  kms_master_key_id = aws_kms_key.bridge.arn
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == "" ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "failed_run" {
  for_each = local.workflows

  alarm_name          = "${var.name}-${each.key}-failed-run"
  alarm_description   = "A run of ${each.value.number} failed: sign-in refused, a permission missing, or a system down. The saved query 'failed runs' says which."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.workflow[each.key].function_name }
  statistic           = "Sum"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "throttled" {
  for_each = local.workflows

  alarm_name          = "${var.name}-${each.key}-throttled"
  alarm_description   = "AWS refused to start ${each.value.number}: the account's limit of concurrent functions is reached."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.workflow[each.key].function_name }
  statistic           = "Sum"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "failed_runs_queue" {
  alarm_name          = "${var.name}-failed-runs-queue"
  alarm_description   = "Runs that failed or could not be started are in the queue. Read them, mend the cause, then purge the queue."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failed_runs.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# Silent while the schedule is off: then no run is what was asked for.
resource "aws_cloudwatch_metric_alarm" "no_completed_run" {
  for_each = local.runs

  alarm_name          = "${var.name}-${each.value.deployment}-${each.value.workflow}-no-completed-run"
  alarm_description   = "${each.value.about.number} has completed no run for ${each.value.deployment} for ${each.value.settings.silent_hours} hours, though its schedule is on: none began, or each failed or ran out of time."
  actions_enabled     = each.value.enabled
  namespace           = "ReferralBridge"
  metric_name         = "RunCompleted"
  dimensions          = { deployment = each.value.deployment, workflow = each.value.workflow }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = each.value.settings.silent_hours
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = each.value.enabled ? "breaching" : "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "newly_held" {
  for_each = local.runs

  alarm_name          = "${var.name}-${each.value.deployment}-${each.value.workflow}-newly-held"
  alarm_description   = "${each.value.settings.newly_held} or more records of ${each.value.about.number} were newly held for ${each.value.deployment} within an hour. The saved query 'held records' says why."
  namespace           = "ReferralBridge"
  metric_name         = "HeldNew"
  dimensions          = { deployment = each.value.deployment, workflow = each.value.workflow }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.settings.newly_held
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "oldest_held" {
  for_each = local.runs

  alarm_name          = "${var.name}-${each.value.deployment}-${each.value.workflow}-oldest-held"
  alarm_description   = "A record of ${each.value.about.number} has been held for ${each.value.deployment} for more than ${each.value.settings.oldest_held_days} days: nobody has corrected or released it."
  namespace           = "ReferralBridge"
  metric_name         = "OldestHeldSeconds"
  dimensions          = { deployment = each.value.deployment, workflow = each.value.workflow }
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.settings.oldest_held_days * 86400
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "oldest_unsent" {
  for_each = local.runs

  alarm_name          = "${var.name}-${each.value.deployment}-${each.value.workflow}-oldest-unsent"
  alarm_description   = "A record of ${each.value.about.number} has waited to be sent for ${each.value.deployment} for more than ${each.value.settings.oldest_unsent_hours} hours."
  namespace           = "ReferralBridge"
  metric_name         = "OldestUnsentSeconds"
  dimensions          = { deployment = each.value.deployment, workflow = each.value.workflow }
  statistic           = "Maximum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.settings.oldest_unsent_hours * 3600
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "unknown_code" {
  for_each = local.runs

  alarm_name          = "${var.name}-${each.value.deployment}-${each.value.workflow}-unknown-code"
  alarm_description   = "${each.value.about.number} met a code or status for ${each.value.deployment} that nobody has explained to it. Its records are held or stay unconfirmed; complete the profile."
  namespace           = "ReferralBridge"
  metric_name         = "UnknownCode"
  dimensions          = { deployment = each.value.deployment, workflow = each.value.workflow }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}
