# Saved queries, in CloudWatch under Logs Insights: what a support officer asks of the logs. Ids and codes only.

locals {
  log_groups = [for workflow in local.in_order : aws_cloudwatch_log_group.function[workflow].name]

  queries = {
    "where is this record" = <<-EOT
      fields @timestamp, span.deployment, span.workflow, record, outcome, reason, transaction_id, span.run_id
      | filter message = "record" and record like "paste-the-record-key-here"
      | sort @timestamp desc
      | limit 100
    EOT
    "held records"         = <<-EOT
      filter message = "record" and not ispresent(span.dry_run)
      | stats latest(outcome) as last_outcome, latest(reason) as why, latest(transaction_id) as transaction, max(@timestamp) as last_seen by span.deployment, span.workflow, record
      | filter last_outcome = "held"
      | sort last_seen desc
      | limit 1000
    EOT
    "runs"                 = <<-EOT
      fields @timestamp, span.deployment, span.workflow, status, span.dry_run, discovered, delivered, already_in_place, awaiting_confirmation, skipped, deferred, held, will_retry, span.run_id
      | filter message = "run ended"
      | sort @timestamp desc
      | limit 200
    EOT
    "failed runs"          = <<-EOT
      fields @timestamp, @log, span.deployment, span.workflow, message, error, code, place, span.run_id, span.request_id
      | filter level = "ERROR"
      | sort @timestamp desc
      | limit 200
    EOT
    "failed calls"         = <<-EOT
      filter message = "call" and (http_status >= 400 or not ispresent(http_status) or ispresent(error))
      | stats count(*) as calls by system, route, http_status, error, bin(1h) as hour
      | sort hour desc
      | limit 1000
    EOT
    "slow calls"           = <<-EOT
      filter message = "call" and ispresent(duration_ms)
      | stats count(*) as calls, avg(duration_ms) as average_ms, pct(duration_ms, 95) as p95_ms, max(duration_ms) as longest_ms by system, route
      | sort p95_ms desc
    EOT
  }
}

resource "aws_cloudwatch_query_definition" "saved" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  log_group_names = local.log_groups
  query_string    = each.value
}
