# Every setting of the stack. Each has a default but `region` and `deployments`; costs are list prices in US dollars, rounded.

variable "region" {
  description = "AWS region. Choose it by where the agencies' agreements allow case data to pass; moving later means a new stack."
  type        = string
}

variable "name" {
  description = "Prefix of every name, and of the secrets. Risk: changing it later makes new resources, so an empty table that has forgotten what was sent."
  type        = string
  default     = "referral-bridge"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name))
    error_message = "Lower-case letters, digits and hyphens, at most 24 characters, beginning with a letter."
  }
}

variable "tags" {
  description = "Tags for every resource, such as a cost centre."
  type        = map(string)
  default     = {}
}

variable "deployments" {
  description = <<-EOT
    One entry a country, named as its profile (infra/profiles/<name>.toml). All switches are off by default: nothing runs until a
    person says so. `../bill` computes what an entry costs a month.

    alarm_email           address that gets this country's alarms, by a topic of its own. Empty: they go to the topic of all.
    schedules             for each workflow a switch (`enabled`); an `expression`, cron(…) or rate(…), whose four defaults never meet in one
                          minute; and `silent_hours`: alarm when it is switched on and has completed no run for so long. Raise that with
                          the interval: 26 for a daily run. Risk: a shorter interval means more calls to systems that are slow by day.
    schedule_timezone     time zone of the cron(…) expressions, such as Africa/Addis_Ababa.
    flexible_window       minutes within which a run may start; 0: at its time. Risk: with a window, runs may meet that the expressions
                          keep apart.
    newly_held            alarm when so many records were newly held within an hour. A few are a normal day; many at once are not.
    oldest_held_days      alarm when a record has been held for longer.
    oldest_unsent_hours   alarm when a record has waited to be sent for longer.
  EOT
  type = map(object({
    alarm_email = optional(string, "")
    schedules = optional(map(object({
      enabled      = optional(bool, false)
      expression   = optional(string)
      silent_hours = optional(number, 2)
    })), {})
    schedule_timezone   = optional(string, "UTC")
    flexible_window     = optional(number, 0)
    newly_held          = optional(number, 10)
    oldest_held_days    = optional(number, 7)
    oldest_unsent_hours = optional(number, 24)
  }))

  validation {
    condition     = alltrue([for deployment in keys(var.deployments) : can(regex("^[a-z0-9-]{1,40}$", deployment))])
    error_message = "A deployment's name has a-z, 0-9 and -, at most 40 characters."
  }
  validation {
    condition = alltrue(flatten([for deployment in var.deployments : [for workflow in keys(deployment.schedules) :
      contains(["referrals-to-primero", "decisions-to-progres", "referrals-to-progres", "decisions-to-primero"], workflow)
    ]]))
    error_message = "Workflows are referrals-to-primero, decisions-to-progres, referrals-to-progres and decisions-to-primero."
  }
  validation {
    condition = alltrue(flatten([for deployment in var.deployments : [for schedule in deployment.schedules :
      schedule.silent_hours >= 1 && schedule.silent_hours <= 168 && floor(schedule.silent_hours) == schedule.silent_hours
    ]]))
    error_message = "silent_hours is a whole number between 1 and 168, which is as far as an alarm can look back."
  }
}

variable "default_deployment" {
  description = "The deployment that an event without one means. Empty: an event must name it, unless the package holds a single profile. Risk: a test event without a deployment then runs a real country."
  type        = string
  default     = ""
}

variable "package_directory" {
  description = "Where `infra/package` has put the zips: <directory>/<workflow>/bootstrap.zip."
  type        = string
  default     = "../../target/lambda"
}

variable "architecture" {
  description = "arm64, or x86_64 where the packages can only be built for that; x86_64 costs a quarter more. Must be what `infra/package` built."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "arm64 or x86_64."
  }
}

variable "memory_mb" {
  description = "Memory of each function. Cost and speed rise with it; 256 MB at a run of 2 seconds every 2 minutes is about $0.15 a month and workflow (../bill has all figures)."
  type        = number
  default     = 256
}

variable "timeout_seconds" {
  description = "Longest run; a run ends in order before it. Risk: under a minute, a slow source lets few records through."
  type        = number
  default     = 900
}

variable "log_level" {
  description = "error, warn, info, debug or trace. Below info a run has no line a record, and the saved queries find nothing."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["error", "warn", "info", "debug", "trace"], var.log_level)
    error_message = "error, warn, info, debug or trace."
  }
}

variable "log_retention_days" {
  description = "How long logs are kept (ids and codes only). Storage is about $0.03 a GB and month."
  type        = number
  default     = 90
}

variable "alarm_email" {
  description = "Address that gets the alarms; it must confirm once by mail. Empty: subscribe to the topic by hand. Use a shared mailbox, not a person's. A country may have its own."
  type        = string
  default     = ""
}

variable "alarm_topic_arn" {
  description = "A topic that is there already and takes the alarms. Empty: the stack makes one. Its policy and key must let cloudwatch.amazonaws.com publish."
  type        = string
  default     = ""
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role, where the account demands one. Empty: none."
  type        = string
  default     = ""
}

variable "table_deletion_protection" {
  description = "Whether the state table refuses to be deleted. Risk of switching it off: a table that is gone has forgotten every submission, and they are sent again."
  type        = bool
  default     = true
}

variable "fixed_egress_address" {
  description = "Whether calls leave from one fixed address, which the agencies can allow-list. Cost: a NAT gateway and its address, about $37 a month and $0.05 a GB. Risk: it stands in one availability zone."
  type        = bool
  default     = false
}

variable "vpc_cidr" {
  description = "Addresses of the network of fixed_egress_address: a block of /24, halved into its two subnets. Only matters if the network is ever joined to another."
  type        = string
  default     = "10.80.0.0/24"

  validation {
    condition     = can(regex("^([0-9]{1,3}[.]){3}0/24$", var.vpc_cidr))
    error_message = "vpc_cidr is a block of /24, such as 10.80.0.0/24."
  }
}

variable "subnet_ids" {
  description = "Subnets of your own for the functions, instead of fixed_egress_address. They need a way to PING, Primero and AWS. Empty: none."
  type        = list(string)
  default     = []

  validation {
    condition     = !(var.fixed_egress_address && length(var.subnet_ids) > 0)
    error_message = "fixed_egress_address makes a network, subnet_ids names one: choose one of them."
  }
}

variable "security_group_ids" {
  description = "Security groups for subnet_ids; https out is enough."
  type        = list(string)
  default     = []
}
