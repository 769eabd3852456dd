"""Where the program deploys to, and how it asks AWS: a question ends in an answer or in one clear error."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from knowledge.arns import Arn

Answer = TypeVar("Answer")


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
    def dns_suffix(self) -> str:
        """What the names of AWS's services end in there."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    def is_elsewhere(self, arn: str) -> bool:
        """Whether an ARN with a Region names something in another Region or partition."""
        named = Arn.parse(arn)
        return (named.partition, named.region) != (self.partition, self.region)

    @property
    def root(self) -> str:
        """The principal that stands for the whole account."""
        return f"arn:{self.partition}:iam::{self.id}:root"


def current(opts: pulumi.InvokeOptions | None = None) -> Account:
    """
    The account and region that the provider uses, known in a preview too (sts:GetCallerIdentity).

    Raises pulumi.RunError when AWS can't be asked.
    """
    caller = ask("which account these credentials belong to", lambda: aws.get_caller_identity(opts=opts))
    region = ask("which region the provider uses", lambda: aws.get_region(opts=opts))
    return Account(partition=Arn.parse(caller.arn).partition, region=region.region, id=caller.account_id)


def ask(question: str, call: Callable[[], Answer], advice: str = "") -> Answer:
    """What the look-up answers; one that fails ends the program with a sentence and `advice`, as pulumi.RunError."""
    try:
        return call()
    except Exception as error:  # the SDK raises nothing narrower
        raise pulumi.RunError(
            f"AWS was asked {question}, and didn't say. Nothing was changed. {error}{advice and f' {advice}'}"
        ) from error
