# A schedule for each deployment and workflow, each with its own switch. It starts what the alias `live` stands for.

resource "aws_scheduler_schedule_group" "bridge" {
  name = var.name
}

resource "aws_scheduler_schedule" "run" {
  for_each = local.runs

  group_name          = aws_scheduler_schedule_group.bridge.name
  name                = "${each.value.deployment}-${each.value.workflow}"
  description         = "${each.value.about.number} ${each.value.about.what}, for ${each.value.deployment}"
  state               = each.value.enabled ? "ENABLED" : "DISABLED"
  schedule_expression = each.value.expression

  schedule_expression_timezone = each.value.settings.schedule_timezone

  flexible_time_window {
    mode                      = each.value.settings.flexible_window == 0 ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = each.value.settings.flexible_window == 0 ? null : each.value.settings.flexible_window
  }

  target {
    arn      = aws_lambda_alias.live[each.value.workflow].arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({ deployment = each.value.deployment })

    # The next tick is the repeat.
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 900
    }

    dead_letter_config {
      arn = aws_sqs_queue.failed_runs.arn
    }
  }
}
