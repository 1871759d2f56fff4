# Empty: a person fills them, so that no credential is ever in this folder or in Terraform's state.

resource "aws_secretsmanager_secret" "system" {
  for_each = local.secrets

  name        = "${var.name}/${each.key}"
  description = each.value
  kms_key_id  = aws_kms_key.bridge.arn
}

# Without it no row of the table can be compared again, so it outlives the stack, as the table does.
resource "aws_secretsmanager_secret" "ledger" {
  for_each = var.deployments

  name        = "${var.name}/${each.key}/ledger"
  description = "Key of the fingerprints in the ledger; never change it without need, for ${each.key}"
  kms_key_id  = aws_kms_key.bridge.arn

  lifecycle {
    prevent_destroy = true
  }
}
