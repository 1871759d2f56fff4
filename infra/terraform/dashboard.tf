# One dashboard a deployment, for an officer: is it moving, what waits, who is down. Counts are asked of the logs; only ages are metrics.

locals {
  # A widget's ages, one line a workflow: seconds, shown in hours or days.
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
        type = "alarm", x = 0, y = 2, width = 24, height = 3
        properties = {
          title = "Alarms"
          alarms = [for kind in ["not-running", "newly-held", "oldest-held", "oldest-unsent", "unknown-code"] :
            "${local.arn.cloudwatch}:alarm:${var.name}-${each.key}-${kind}"
          ]
        }
      },
      {
        type = "log", x = 0, y = 5, width = 12, height = 6
        properties = {
          title = "Last completed run", view = "table", region = local.region
          query = "${local.sources} | filter message = 'run ended' and status = 'completed' and not ispresent(span.dry_run) and span.deployment = '${each.key}' | stats max(@timestamp) as last_run by span.workflow"
        }
      },
      {
        type = "log", x = 12, y = 5, width = 12, height = 6
        properties = {
          title = "Waiting now", view = "table", region = local.region
          query = "${local.sources} | filter message = 'run ended' and ispresent(held_now) and not ispresent(span.dry_run) and span.deployment = '${each.key}' | stats latest(held_now) as held_for_a_person, latest(will_retry) as will_be_tried_again, latest(awaiting_confirmation) as not_yet_confirmed by span.workflow"
        }
      },
      {
        type = "metric", x = 0, y = 11, width = 12, height = 4
        properties = {
          title  = "Oldest unsent record, hours", view = "singleValue", stat = "Maximum", period = 3600
          region = local.region, metrics = local.ages[each.key].OldestUnsentSeconds
        }
      },
      {
        type = "metric", x = 12, y = 11, width = 12, height = 4
        properties = {
          title  = "Oldest held record, days", view = "singleValue", stat = "Maximum", period = 3600
          region = local.region, metrics = local.ages[each.key].OldestHeldSeconds
        }
      },
      {
        type = "log", x = 0, y = 15, width = 12, height = 6
        properties = {
          title = "Moved, by day", view = "table", region = local.region
          query = "${local.sources} | filter message = 'run ended' and not ispresent(span.dry_run) and span.deployment = '${each.key}' | stats sum(delivered) as moved, sum(already_in_place) as was_there_already, sum(newly_held) as held_anew, sum(contact_substituted) as with_fallback_contact, sum(unknown_codes) as codes_unknown by bin(1d) as day, span.workflow | sort day desc"
        }
      },
      {
        type = "log", x = 12, y = 15, width = 12, height = 6
        properties = {
          title = "Runs, by day", view = "table", region = local.region
          query = "${local.sources} | filter message = 'run ended' and not ispresent(span.dry_run) and span.deployment = '${each.key}' | stats count(*) as runs, sum(calls_ping) as calls_to_ping, sum(calls_primero) as calls_to_primero, sum(failed_calls) as of_them_failed, max(run_seconds) as longest_seconds by bin(1d) as day, span.workflow, status | sort day desc"
        }
      },
      {
        type = "log", x = 0, y = 21, width = 24, height = 5
        properties = {
          title = "Failed calls, by system and day", view = "table", region = local.region
          query = "${local.sources} | filter message = 'call' and span.deployment = '${each.key}' and (http_status >= 400 or not ispresent(http_status) or ispresent(error)) | stats count(*) as failed_calls by system, bin(1d) as day | sort day desc"
        }
      },
    ]
  })
}
