"""Whether policies let through what comes from no VPC: evaluated, so that naming a VPC isn't being limited to it."""

from typing import Any

import pytest

from knowledge.vpc_limits import Reach, reach

ROLE = "arn:aws:iam::111122223333:role/jobs"
OBJECT = "arn:aws:s3:::artifacts/model.tar.gz"
MAY = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def statement(effect: str, operator: str, key: str, *values: str) -> dict[str, Any]:
    condition = {operator: {key: list(values)}}
    return {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}


def reached(*bucket: dict[str, Any], own: tuple[dict[str, Any], ...] = (MAY,)) -> Reach:
    return reach([{"Statement": list(own)}], {"Statement": list(bucket)}, "s3:GetObject", OBJECT, ROLE)


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ((), Reach.OPEN),
        ((statement("Deny", "StringNotEquals", "aws:SourceVpce", "vpce-1"),), Reach.LIMITED),
        ((statement("Deny", "StringNotLike", "AWS:sourcevpc", "vpc-*"),), Reach.LIMITED),
        ((statement("Deny", "Null", "aws:SourceVpce", "true"),), Reach.LIMITED),
        ((statement("Deny", "NotIpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),), Reach.LIMITED),
        # One that would let it in anyway, or that is about those who do come from a VPC:
        ((statement("Allow", "StringEquals", "aws:SourceVpce", "vpce-1"),), Reach.OPEN),
        ((statement("Deny", "StringEquals", "aws:SourceVpc", "vpc-bad"),), Reach.OPEN),
        ((statement("Deny", "Null", "aws:SourceVpce", "false"),), Reach.OPEN),
        ((statement("Deny", "StringNotEqualsIfExists", "aws:SourceVpce", "vpce-1"),), Reach.LIMITED),
        ((statement("Deny", "Bool", "aws:SecureTransport", "false"),), Reach.OPEN),
        ((statement("Deny", "IpAddress", "aws:SourceIp", "10.0.0.0/8"),), Reach.UNKNOWN),
        (({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},), Reach.REFUSED),
    ],
)
def test_a_bucket_s_policy(bucket: tuple[dict[str, Any], ...], expected: Reach) -> None:
    assert reached(*bucket) is expected


def test_without_rights_of_its_own_a_condition_on_the_vpc_is_a_limit() -> None:
    allowed = statement("Allow", "StringEquals", "aws:SourceVpce", "vpce-1")

    assert reached(allowed, own=()) is Reach.LIMITED
    assert reached(own=()) is Reach.REFUSED
    assert reached(own=(MAY, {**statement("Deny", "StringNotEquals", "aws:SourceVpc", "vpc-1")})) is Reach.LIMITED
