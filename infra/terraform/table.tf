# The state of every deployment and workflow: lease, cursor, ledger, run reports. Ids and codes only, nothing personal.

resource "aws_dynamodb_table" "state" {
  name         = "${var.name}-state"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "pk"
  range_key    = "sk"

  deletion_protection_enabled = var.table_deletion_protection

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "due"
    type = "S"
  }

  # Sparse: only rows that wait for something have the attribute `due`.
  global_secondary_index {
    name               = "due"
    hash_key           = "pk"
    range_key          = "due"
    projection_type    = "INCLUDE"
    non_key_attributes = ["first_seen_at", "key", "next_attempt_at", "profile_version", "reason", "state"]
  }

  ttl {
    attribute_name = "ttl"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.bridge.arn
  }

  # A table that is gone has forgotten every submission.
  lifecycle {
    prevent_destroy = true
  }
}
