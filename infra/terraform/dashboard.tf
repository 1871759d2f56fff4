# One dashboard a deployment, for an officer: is it moving, what waits, who is down.

locals {
  # A widget's metrics: one line a workflow.
  metrics = { for deployment in keys(var.deployments) : deployment => {
    for metric in ["Delivered", "AlreadyInPlace", "Held", "WillRetry", "AwaitingConfirmation", "ApiErrors", "UnknownCode", "ContactSubstituted"] :
    metric => [for workflow in local.in_order :
      ["ReferralBridge", metric, "deployment", deployment, "workflow", workflow, { label = local.workflows[workflow].title }]
    ]
  } }

  # The same for ages: seconds, shown in hours or days.
  ages = { for deployment in keys(var.deployments) : deployment => {
    for metric, seconds in { OldestUnsentSeconds = 3600, OldestHeldSeconds = 86400 } : metric => concat(
      [for number, workflow in local.in_order :
        [{ expression = "age${number} / ${seconds}", label = local.workflows[workflow].title, id = "shown${number}" }]
      ],
      [for number, workflow in local.in_order :
        ["ReferralBridge", metric, "deployment", deployment, "workflow", workflow, { id = "age${number}", visible = false }]
      ],
    )
  } }

  sources = join(" | ", [for group in local.log_groups : "SOURCE '${group}'"])

  alarm_kinds = ["no-completed-run", "newly-held", "oldest-held", "oldest-unsent", "unknown-code"]
}

resource "aws_cloudwatch_dashboard" "deployment" {
  for_each = var.deployments

  dashboard_name = "${var.name}-${each.key}"
  dashboard_body = jsonencode({
    start = "-P7D"
    widgets = [
      {
        type = "text", x = 0, y = 0, width = 24, height = 2
        properties = {
          markdown = "# Referral Bridge: ${each.key}\nA held record waits for a person; that is normal. **Look closer** when an alarm below is red, when nothing was delivered on a working day, or when the oldest unsent record is older than a day."
        }
      },
      {
        type = "alarm", x = 0, y = 2, width = 24, height = 5
        properties = {
          title = "Alarms"
          alarms = flatten([for workflow in local.in_order : [for kind in local.alarm_kinds :
            "${local.arn.cloudwatch}:alarm:${var.name}-${each.key}-${workflow}-${kind}"
          ]])
        }
      },
      {
        type = "metric", x = 0, y = 7, width = 12, height = 6
        properties = {
          title  = "Delivered per day", view = "bar", stacked = true, stat = "Sum", period = 86400
          region = data.aws_region.here.name, metrics = local.metrics[each.key].Delivered
        }
      },
      {
        type = "metric", x = 12, y = 7, width = 12, height = 6
        properties = {
          title  = "Held now", view = "singleValue", stat = "Maximum", period = 3600
          region = data.aws_region.here.name, metrics = local.metrics[each.key].Held
        }
      },
      {
        type = "metric", x = 0, y = 13, width = 12, height = 4
        properties = {
          title  = "Oldest unsent record, hours", view = "singleValue", stat = "Maximum", period = 3600
          region = data.aws_region.here.name, metrics = local.ages[each.key].OldestUnsentSeconds
        }
      },
      {
        type = "metric", x = 12, y = 13, width = 12, height = 4
        properties = {
          title  = "Oldest held record, days", view = "singleValue", stat = "Maximum", period = 3600
          region = data.aws_region.here.name, metrics = local.ages[each.key].OldestHeldSeconds
        }
      },
      {
        type = "log", x = 0, y = 17, width = 12, height = 5
        properties = {
          title = "Last completed run", view = "table", region = data.aws_region.here.name
          query = "${local.sources} | filter message = 'run ended' and status = 'completed' and not ispresent(span.dry_run) and span.deployment = '${each.key}' | stats max(@timestamp) as last_run by span.workflow"
        }
      },
      {
        type = "log", x = 12, y = 17, width = 12, height = 5
        properties = {
          title = "Failed calls by system and day", view = "table", region = data.aws_region.here.name
          query = "${local.sources} | filter message = 'call' and span.deployment = '${each.key}' and (http_status >= 400 or not ispresent(http_status) or ispresent(error)) | stats count(*) as failed_calls by system, bin(1d) as day | sort day desc"
        }
      },
      {
        type = "metric", x = 0, y = 22, width = 12, height = 5
        properties = {
          title  = "Will be tried again", view = "timeSeries", stat = "Maximum", period = 3600
          region = data.aws_region.here.name, metrics = local.metrics[each.key].WillRetry
        }
      },
      {
        type = "metric", x = 12, y = 22, width = 12, height = 5
        properties = {
          title  = "Accepted by PING, not yet confirmed", view = "timeSeries", stat = "Maximum", period = 3600
          region = data.aws_region.here.name, metrics = local.metrics[each.key].AwaitingConfirmation
        }
      },
      {
        type = "metric", x = 0, y = 27, width = 6, height = 5
        properties = {
          title  = "Found already in place, per day", view = "bar", stacked = true, stat = "Sum", period = 86400
          region = data.aws_region.here.name, metrics = local.metrics[each.key].AlreadyInPlace
        }
      },
      {
        type = "metric", x = 6, y = 27, width = 6, height = 5
        properties = {
          title  = "Failed calls, per hour", view = "timeSeries", stat = "Sum", period = 3600
          region = data.aws_region.here.name, metrics = local.metrics[each.key].ApiErrors
        }
      },
      {
        type = "metric", x = 12, y = 27, width = 6, height = 5
        properties = {
          title  = "Unknown codes, per day", view = "bar", stacked = true, stat = "Sum", period = 86400
          region = data.aws_region.here.name, metrics = local.metrics[each.key].UnknownCode
        }
      },
      {
        type = "metric", x = 18, y = 27, width = 6, height = 5
        properties = {
          title  = "Sent with the fallback contact, per day", view = "bar", stacked = true, stat = "Sum", period = 86400
          region = data.aws_region.here.name, metrics = local.metrics[each.key].ContactSubstituted
        }
      },
    ]
  })
}
