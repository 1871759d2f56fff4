output "functions" {
  description = "Functions by workflow; open one in the console to send it a test event."
  value       = { for workflow, function in aws_lambda_function.workflow : workflow => function.function_name }
}

output "secrets" {
  description = "Secrets to fill."
  value       = sort([for secret in concat(values(aws_secretsmanager_secret.system), values(aws_secretsmanager_secret.ledger)) : secret.name])
}

output "table" {
  description = "The state table, for `bridge run --state dynamodb` and for restoring."
  value       = aws_dynamodb_table.state.name
}

output "failed_runs_queue" {
  description = "The queue that holds failed runs."
  value       = aws_sqs_queue.failed_runs.url
}

output "alarm_topic" {
  description = "The topic to subscribe to for alarms."
  value       = local.topic
}

output "egress_address" {
  description = "The address that the agencies allow-list; none without fixed_egress_address."
  value       = one(aws_eip.egress[*].public_ip)
}

output "dashboards" {
  description = "One dashboard a deployment."
  value       = { for deployment, dashboard in aws_cloudwatch_dashboard.deployment : deployment => dashboard.dashboard_name }
}
