# Empty: a person fills them, so that no credential is ever in this folder or in Terraform's state.

resource "aws_secretsmanager_secret" "system" {
  for_each = local.secrets

  name        = "${var.name}/${each.key}"
  description = each.value
  kms_key_id  = aws_kms_key.bridge.arn
}
