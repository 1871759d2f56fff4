"""What checkov asks for and this stack does not have, each with its reason. An entry that nothing fails any more is an error."""

SKIPS = {
    "CKV_AWS_27": "The queue is encrypted with a key of SQS itself, which checkov overlooks in CloudFormation; it holds a deployment's name.",
    "CKV_AWS_111": "Lambda asks for a network's interfaces on every resource; the same policy denies them to the function's own code.",
    "CKV_AWS_115": "No reserved concurrency: the lease keeps runs apart, and new accounts (10 concurrent functions) cannot reserve any.",
    "CKV_AWS_116": "The on-failure destination of the asynchronous invocation is the queue; it also says why, which a dead-letter queue does not.",
    "CKV_AWS_173": "The environment holds names only (table, prefix, deployment, log level); AWS encrypts it with its own key.",
    "CKV_AWS_272": "Code signing needs a signing profile of the deploying organisation; packages are built from this repository by the one who deploys.",
    "CKV_AWS_297": "A schedule holds a deployment's name and nothing else; a key of ours would widen what the scheduler's role may do.",
    "CKV_AWS_338": "90 days are enough to answer for a referral; keeping logs longer keeps more than is needed. LogRetentionDays can be raised.",
    "CKV2_AWS_11": "No flow logs: the network carries only https that the functions begin, and each call has a log line.",
    "CKV2_AWS_12": "The default security group has no member; CloudFormation cannot manage it, and both descriptions are the same.",
    "CKV2_AWS_57": "Both agencies issue the credentials and cannot be asked to rotate them by a function; the README has the rotation by hand.",
}
