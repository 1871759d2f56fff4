# Only with fixed_egress_address: a small network whose one way out has one address. A network of one's own needs the policy at the end alone.

locals {
  network       = var.fixed_egress_address ? 1 : 0
  joins_network = var.fixed_egress_address || length(var.subnet_ids) > 0

  network_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

data "aws_availability_zones" "here" {
  count = local.network
  state = "available"
}

resource "aws_vpc" "bridge" {
  count = local.network

  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = var.name }
}

resource "aws_subnet" "public" {
  count = local.network

  vpc_id            = aws_vpc.bridge[0].id
  cidr_block        = cidrsubnet(var.vpc_cidr, 1, 0)
  availability_zone = data.aws_availability_zones.here[0].names[0]
  tags              = { Name = "${var.name}-public" }
}

resource "aws_subnet" "private" {
  count = local.network

  vpc_id            = aws_vpc.bridge[0].id
  cidr_block        = cidrsubnet(var.vpc_cidr, 1, 1)
  availability_zone = data.aws_availability_zones.here[0].names[0]
  tags              = { Name = "${var.name}-private" }
}

resource "aws_internet_gateway" "bridge" {
  count  = local.network
  vpc_id = aws_vpc.bridge[0].id
  tags   = { Name = var.name }
}

resource "aws_eip" "egress" {
  count  = local.network
  domain = "vpc"
  tags   = { Name = "${var.name}-egress" }
}

resource "aws_nat_gateway" "egress" {
  count = local.network

  subnet_id     = aws_subnet.public[0].id
  allocation_id = aws_eip.egress[0].id
  tags          = { Name = "${var.name}-egress" }

  depends_on = [aws_internet_gateway.bridge]
}

resource "aws_route_table" "public" {
  count  = local.network
  vpc_id = aws_vpc.bridge[0].id
  tags   = { Name = "${var.name}-public" }
}

resource "aws_route" "public" {
  count = local.network

  route_table_id         = aws_route_table.public[0].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.bridge[0].id
}

resource "aws_route_table_association" "public" {
  count = local.network

  subnet_id      = aws_subnet.public[0].id
  route_table_id = aws_route_table.public[0].id
}

resource "aws_route_table" "private" {
  count  = local.network
  vpc_id = aws_vpc.bridge[0].id
  tags   = { Name = "${var.name}-private" }
}

resource "aws_route" "private" {
  count = local.network

  route_table_id         = aws_route_table.private[0].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.egress[0].id
}

resource "aws_route_table_association" "private" {
  count = local.network

  subnet_id      = aws_subnet.private[0].id
  route_table_id = aws_route_table.private[0].id
}

# Free, and keeps the state table's traffic off the gateway, which is paid by the gigabyte.
resource "aws_vpc_endpoint" "dynamodb" {
  count = local.network

  vpc_id            = aws_vpc.bridge[0].id
  service_name      = "com.amazonaws.${local.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private[0].id]
}

resource "aws_security_group" "functions" {
  count = local.network

  name        = "${var.name}-functions"
  description = "Referral Bridge functions: https out, nothing in"
  vpc_id      = aws_vpc.bridge[0].id
  tags        = { Name = "${var.name}-functions" }

  egress {
    description = "https to PING, Primero and AWS"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_iam_role_policy_attachment" "join_network" {
  for_each = { for workflow, about in local.workflows : workflow => about if local.joins_network }

  role       = aws_iam_role.function[each.key].name
  policy_arn = aws_iam_policy.join_network[0].arn
}

resource "aws_iam_policy" "join_network" {
  count = local.joins_network ? 1 : 0

  name        = "${var.name}-join-network"
  description = "Referral Bridge: lets Lambda put the functions into the network"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Lambda itself joins the network, with the function's role; it asks for these on every resource.
        Sid      = "JoinNetwork"
        Effect   = "Allow"
        Action   = local.network_actions
        Resource = ["*"]
      },
      {
        # The function's own code may not.
        Sid       = "OnlyLambdaJoins"
        Effect    = "Deny"
        Action    = local.network_actions
        Resource  = ["*"]
        Condition = { ArnLike = { "lambda:SourceFunctionArn" = "${local.arn.lambda}:function:${var.name}-*" } }
      },
    ]
  })
}
