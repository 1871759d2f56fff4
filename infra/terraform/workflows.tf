# What there is to deploy: four workflows, the deployments, and every pair of them.

locals {
  # `reads`: the workflow of the other direction, whose rows it reads and nobody but that writes. 1.1 tells no receipt where 1.2 has sent
  # a decision, and 1.2 lets a receipt of 1.1 that is under way go first; 2.1 learns from 2.2 what had arrived although its own answer was
  # lost, and 2.2 finds the case and referral that 2.1 submitted.
  # `expression`: the four never meet in one minute, save two at a time.
  workflows = {
    "referrals-to-primero" = {
      number     = "1.1", title = "1.1 Referrals to Primero", what = "referrals, proGres to Primero"
      expression = "cron(0/5 * * * ? *)", reads = "decisions-to-progres"
    }
    "decisions-to-progres" = {
      number     = "1.2", title = "1.2 Decisions to proGres", what = "decisions, Primero to proGres"
      expression = "cron(0/2 * * * ? *)", reads = "referrals-to-primero"
    }
    "referrals-to-progres" = {
      number     = "2.1", title = "2.1 Referrals to proGres", what = "referrals, Primero to proGres"
      expression = "cron(1/2 * * * ? *)", reads = "decisions-to-primero"
    }
    "decisions-to-primero" = {
      number     = "2.2", title = "2.2 Decisions to Primero", what = "decisions, proGres to Primero"
      expression = "cron(2/5 * * * ? *)", reads = "referrals-to-progres"
    }
  }

  # As programme staff count them.
  in_order = ["referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero"]

  runs = merge([for deployment, settings in var.deployments : {
    for workflow, about in local.workflows : "${deployment}/${workflow}" => {
      deployment   = deployment
      workflow     = workflow
      about        = about
      settings     = settings
      enabled      = try(settings.schedules[workflow].enabled, false)
      expression   = coalesce(try(settings.schedules[workflow].expression, null), about.expression)
      silent_hours = try(settings.schedules[workflow].silent_hours, 2)
    }
  }]...)

  secrets = merge([for deployment in keys(var.deployments) : {
    for system, what in {
      ping    = "Access to PING, the gateway to proGres"
      primero = "Access to Primero"
    } : "${deployment}/${system}" => "${what}, for ${deployment}"
  }]...)

  region = var.region
  arn = {
    for service in ["cloudwatch", "lambda", "logs", "secretsmanager"] : service =>
    "arn:${data.aws_partition.here.partition}:${service}:${local.region}:${data.aws_caller_identity.here.account_id}"
  }
}
