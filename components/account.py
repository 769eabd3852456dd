"""Where the program deploys to: partition, region and account, asked of the provider once."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from knowledge.arns import Arn


@dataclass(frozen=True)
class Account:
    """An account in a region; the parts that ARNs are made of."""

    partition: str
    """`aws`, `aws-cn`, `aws-us-gov`, ..."""

    region: str
    """As in `eu-central-1`."""

    id: str
    """Twelve digits."""

    @property
    def root(self) -> str:
        """The principal that stands for the whole account."""
        return f"arn:{self.partition}:iam::{self.id}:root"


def current(opts: pulumi.InvokeOptions | None = None) -> Account:
    """The account and region that the provider uses, known in a preview too (sts:GetCallerIdentity)."""
    caller = aws.get_caller_identity(opts=opts)
    return Account(
        partition=Arn.parse(caller.arn).partition, region=aws.get_region(opts=opts).region, id=caller.account_id
    )
