# What there is to deploy: four workflows, the deployments, and every pair of them.

locals {
  workflows = {
    "referrals-to-primero" = { number = "1.1", title = "1.1 Referrals to Primero", what = "referrals, proGres to Primero", reads = [] }
    "decisions-to-progres" = { number = "1.2", title = "1.2 Decisions to proGres", what = "decisions, Primero to proGres", reads = [] }
    "referrals-to-progres" = { number = "2.1", title = "2.1 Referrals to proGres", what = "referrals, Primero to proGres", reads = [] }
    # 2.2 finds the case and referral that 2.1 submitted in 2.1's rows, which saves the look-up in Primero.
    "decisions-to-primero" = { number = "2.2", title = "2.2 Decisions to Primero", what = "decisions, proGres to Primero", reads = ["referrals-to-progres"] }
  }

  # As programme staff count them.
  in_order = ["referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero"]

  runs = merge([for deployment, settings in var.deployments : {
    for workflow, about in local.workflows : "${deployment}/${workflow}" => {
      deployment = deployment
      workflow   = workflow
      about      = about
      settings   = settings
      enabled    = try(settings.schedules[workflow].enabled, false)
      expression = try(settings.schedules[workflow].expression, "rate(15 minutes)")
    }
  }]...)

  secrets = merge([for deployment in keys(var.deployments) : {
    for system, what in {
      ping    = "Access to PING, the gateway to proGres"
      primero = "Access to Primero"
      ledger  = "Key of the fingerprints in the ledger; never change it without need"
    } : "${deployment}/${system}" => "${what}, for ${deployment}"
  }]...)

  arn = {
    for service in ["cloudwatch", "lambda", "logs", "secretsmanager"] : service =>
    "arn:${data.aws_partition.here.partition}:${service}:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}"
  }
}
