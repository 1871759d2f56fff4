# Copy to terraform.tfvars, which is not kept in the repository, and adapt. Every setting is documented in variables.tf.

region      = "eu-west-1"
alarm_email = "referral-bridge-alarms@example.org"

# Agencies that allow-list addresses need this; it costs about $37 a month.
fixed_egress_address = false

deployments = {
  gambella = {
    # Off until the dry runs are looked through (see ../README.md), then one after another.
    schedules = {
      "referrals-to-primero" = { enabled = false }
      "decisions-to-progres" = { enabled = false }
      "referrals-to-progres" = { enabled = false }
      "decisions-to-primero" = { enabled = false }
    }
  }
}
