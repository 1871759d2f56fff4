# What calls a person. Held records are a normal day; many new ones at once, and old ones, are not. None says when it is over.

locals {
  # Where a country's alarms go: its own topic, if it has an address, else the one of all.
  topic  = var.alarm_topic_arn == "" ? one(aws_sns_topic.alarms[*].arn) : var.alarm_topic_arn
  topics = { for deployment in keys(var.deployments) : deployment => try(aws_sns_topic.deployment[deployment].arn, local.topic) }

  # Alarms of a country on what its workflows tell, taken together.
  country_alarms = merge([for deployment, settings in var.deployments : {
    "${deployment}/newly-held" = {
      deployment  = deployment
      description = "${settings.newly_held} or more records were newly held for ${deployment} within an hour. The saved query 'held records' says which and why."
      metric      = "HeldNew", stat = "Sum", expression = "SUM", label = "Newly held"
      comparison  = "GreaterThanOrEqualToThreshold", threshold = settings.newly_held
    }
    "${deployment}/oldest-held" = {
      deployment  = deployment
      description = "A record has been held for ${deployment} for more than ${settings.oldest_held_days} days: nobody has corrected or released it."
      metric      = "OldestHeldSeconds", stat = "Maximum", expression = "MAX", label = "Oldest held"
      comparison  = "GreaterThanThreshold", threshold = settings.oldest_held_days * 86400
    }
    "${deployment}/oldest-unsent" = {
      deployment  = deployment
      description = "A record has waited to be sent for ${deployment} for more than ${settings.oldest_unsent_hours} hours."
      metric      = "OldestUnsentSeconds", stat = "Maximum", expression = "MAX", label = "Oldest unsent"
      comparison  = "GreaterThanThreshold", threshold = settings.oldest_unsent_hours * 3600
    }
    "${deployment}/unknown-code" = {
      deployment  = deployment
      description = "A code or status was met for ${deployment} that nobody has explained. Its records are held or stay unconfirmed; complete the profile."
      metric      = "UnknownCode", stat = "Sum", expression = "SUM", label = "Unknown codes"
      comparison  = "GreaterThanOrEqualToThreshold", threshold = 1
    }
  }]...)
}

resource "aws_sns_topic" "alarms" {
  count = var.alarm_topic_arn == "" ? 1 : 0

  name              = "${var.name}-alarms"
  display_name      = "Referral Bridge"
  kms_master_key_id = aws_kms_key.bridge.arn
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == "" ? 0 : 1

  topic_arn = local.topic
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_sns_topic" "deployment" {
  for_each = { for deployment, settings in var.deployments : deployment => settings if settings.alarm_email != "" }

  name              = "${var.name}-${each.key}-alarms"
  display_name      = "Referral Bridge ${each.key}"
  kms_master_key_id = aws_kms_key.bridge.arn
}

resource "aws_sns_topic_subscription" "deployment" {
  for_each = aws_sns_topic.deployment

  topic_arn = each.value.arn
  protocol  = "email"
  endpoint  = var.deployments[each.key].alarm_email
}

# One failed run is no news: the next tick repeats it. A function that fails in every quarter of an hour is.
resource "aws_cloudwatch_metric_alarm" "failed_run" {
  alarm_name          = "${var.name}-failed-run"
  alarm_description   = "Runs of a workflow have failed for an hour, in every quarter of it: sign-in refused, a permission missing, or a system down. The saved query 'failed runs' says which."
  evaluation_periods  = 4
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic]

  dynamic "metric_query" {
    for_each = local.in_order
    content {
      id = "e${metric_query.key}"
      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Errors"
        dimensions  = { FunctionName = aws_lambda_function.workflow[metric_query.value].function_name }
        period      = 900
        stat        = "Sum"
      }
    }
  }
  metric_query {
    id          = "told"
    expression  = "MAX([e0, e1, e2, e3])"
    label       = "Failed runs"
    return_data = true
  }
}

# What is in the queue and no failed run explains. It clears by itself, an hour after the last such message.
resource "aws_cloudwatch_metric_alarm" "failed_runs_queue" {
  alarm_name          = "${var.name}-failed-runs-queue"
  alarm_description   = "Runs that never began are in the queue: a function was stopped by hand (concurrency 0), the account's limit of concurrent functions is reached, or the scheduler may not start it."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  # A failure and its message may fall to either side of an hour, once a workflow.
  threshold          = 5
  treat_missing_data = "notBreaching"
  alarm_actions      = [local.topic]

  metric_query {
    id = "sent"
    metric {
      namespace   = "AWS/SQS"
      metric_name = "NumberOfMessagesSent"
      dimensions  = { QueueName = aws_sqs_queue.failed_runs.name }
      period      = 3600
      stat        = "Sum"
    }
  }
  dynamic "metric_query" {
    for_each = local.in_order
    content {
      id = "e${metric_query.key}"
      metric {
        namespace   = "AWS/Lambda"
        metric_name = "Errors"
        dimensions  = { FunctionName = aws_lambda_function.workflow[metric_query.value].function_name }
        period      = 3600
        stat        = "Sum"
      }
    }
  }
  metric_query {
    id         = "failed"
    expression = "-1 * SUM([e0, e1, e2, e3])"
    label      = "Failed runs"
  }
  metric_query {
    id          = "told"
    expression  = "SUM([sent, failed])"
    label       = "Runs that never began"
    return_data = true
  }
}

# A failed run that cannot be put into the queue would leave no trace there.
resource "aws_cloudwatch_metric_alarm" "failed_deliveries" {
  alarm_name          = "${var.name}-failed-deliveries"
  alarm_description   = "Lambda could not put a failed run into the queue: the queue is gone, or a role may not send to it."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topic]

  dynamic "metric_query" {
    for_each = local.in_order
    content {
      id = "e${metric_query.key}"
      metric {
        namespace   = "AWS/Lambda"
        metric_name = "DestinationDeliveryFailures"
        dimensions  = { FunctionName = aws_lambda_function.workflow[metric_query.value].function_name }
        period      = 3600
        stat        = "Sum"
      }
    }
  }
  metric_query {
    id          = "told"
    expression  = "SUM([e0, e1, e2, e3])"
    label       = "Failed deliveries"
    return_data = true
  }
}

# These send nothing: by them each country's alarm knows that a function was stopped by hand. The queue's alarm tells it, once.
resource "aws_cloudwatch_metric_alarm" "throttled" {
  for_each = local.workflows

  alarm_name          = "${var.name}-${each.key}-throttled"
  alarm_description   = "AWS refuses to start ${each.value.number}: it was stopped by hand (concurrency 0), or the account's limit of concurrent functions is reached."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.workflow[each.key].function_name }
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"
}

# Silence of each workflow, only while its schedule is on: then no run is what was asked for. These send nothing themselves; the alarm
# below them sends one mail for the country. FILL: a run that does not begin tells nothing, and must count as none completed.
# One period less than the hours, so that the mail is there within them. An alarm looks back a day at most in periods under an hour.
resource "aws_cloudwatch_metric_alarm" "no_completed_run" {
  for_each = { for name, run in local.runs : name => run if run.enabled }

  alarm_name          = "${var.name}-${each.value.deployment}-${each.value.workflow}-no-completed-run"
  alarm_description   = "${each.value.about.number} has completed no run for ${each.value.deployment} for ${each.value.silent_hours} hours, though its schedule is on. Told by ${var.name}-${each.value.deployment}-not-running."
  evaluation_periods  = each.value.silent_hours <= 24 ? 4 * each.value.silent_hours - 1 : each.value.silent_hours - 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"

  metric_query {
    id = "completed"
    metric {
      namespace   = "ReferralBridge"
      metric_name = "RunCompleted"
      dimensions  = { deployment = each.value.deployment, workflow = each.value.workflow }
      period      = each.value.silent_hours <= 24 ? 900 : 3600
      stat        = "Sum"
    }
  }
  metric_query {
    id          = "told"
    expression  = "FILL(completed, 0)"
    label       = "Completed runs"
    return_data = true
  }
}

# A function that was stopped by hand (concurrency 0) shows as throttled: that is known, and no mail.
resource "aws_cloudwatch_composite_alarm" "not_running" {
  for_each = var.deployments

  alarm_name        = "${var.name}-${each.key}-not-running"
  alarm_description = "For ${each.key} a workflow whose schedule is on has completed no run for its hours: none began, or each failed or ran out of time. The dashboard shows which; the saved query 'failed runs' says why."
  alarm_rule = join(" OR ", [for workflow in local.in_order :
    local.runs["${each.key}/${workflow}"].enabled
    ? "(ALARM(\"${aws_cloudwatch_metric_alarm.no_completed_run["${each.key}/${workflow}"].alarm_name}\") AND NOT ALARM(\"${aws_cloudwatch_metric_alarm.throttled[workflow].alarm_name}\"))"
    : "FALSE"
  ])
  alarm_actions = [local.topics[each.key]]
}

resource "aws_cloudwatch_metric_alarm" "country" {
  for_each = local.country_alarms

  alarm_name          = "${var.name}-${replace(each.key, "/", "-")}"
  alarm_description   = each.value.description
  evaluation_periods  = 1
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = [local.topics[each.value.deployment]]

  dynamic "metric_query" {
    for_each = local.in_order
    content {
      id = "w${metric_query.key}"
      metric {
        namespace   = "ReferralBridge"
        metric_name = each.value.metric
        dimensions  = { deployment = each.value.deployment, workflow = metric_query.value }
        period      = 3600
        stat        = each.value.stat
      }
    }
  }
  metric_query {
    id          = "told"
    expression  = "${each.value.expression}([w0, w1, w2, w3])"
    label       = each.value.label
    return_data = true
  }
}
