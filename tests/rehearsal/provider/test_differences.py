"""Diff: unknowns, policy documents, sets, tags, and what deletes before it replaces."""

from __future__ import annotations

import json
from typing import Any

from provider_client import UNKNOWN, Engine, Resource, kinds, nothing_differs

CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"


def recorded(engine: Engine, token: str, inputs: dict[str, Any], **outputs: Any) -> Resource:
    """A resource as the state has it, without there being one."""
    made = engine.checked(token, "r", inputs)
    plain = {name: value for name, value in made.items() if name != "__defaults"}
    return Resource(token, "r", "r", made, {**plain, "region": "eu-central-1", **outputs})


def test_an_unknown_value_in_a_leaf_that_replaces_replaces(engine: Engine) -> None:
    before = recorded(engine, CONFIGURATION, {"productionVariants": [{"modelName": "a"}]})

    difference = engine.diff(before, {"productionVariants": [{"modelName": UNKNOWN}]})

    assert kinds(difference) == {"productionVariants[0].modelName": "UPDATE_REPLACE"}


def test_an_unknown_block_of_which_everything_replaces_replaces(engine: Engine) -> None:
    """The engine asks like this for what depends on a resource that is deleted before it is replaced."""
    before = recorded(engine, CONFIGURATION, {"productionVariants": [{"modelName": "a"}]})

    difference = engine.diff(before, {"productionVariants": UNKNOWN})

    assert kinds(difference) == {"productionVariants": "UPDATE_REPLACE"}


def test_an_unknown_value_that_updates_in_place_updates_in_place(engine: Engine) -> None:
    before = recorded(engine, "aws:sagemaker/endpoint:Endpoint", {"endpointConfigName": "a"})

    difference = engine.diff(before, {"endpointConfigName": UNKNOWN, "deploymentConfig": UNKNOWN})

    assert kinds(difference) == {"endpointConfigName": "UPDATE", "deploymentConfig": "ADD"}


def test_a_variant_added_or_taken_away_replaces(engine: Engine) -> None:
    one, two = {"modelName": "a"}, {"modelName": "b"}
    before = recorded(engine, CONFIGURATION, {"productionVariants": [one]})

    assert kinds(engine.diff(before, {"productionVariants": [one, two]})) == {"productionVariants[1]": "ADD_REPLACE"}


def test_a_policy_that_says_the_same_in_other_words_is_no_difference(engine: Engine) -> None:
    def policy(action: Any, principal: str) -> str:
        statement = {"Effect": "Allow", "Action": action, "Principal": {"AWS": principal}, "Resource": ["*"]}
        return json.dumps({"Version": "2012-10-17", "Statement": statement})

    long = "arn:aws:iam::111122223333:root"
    before = recorded(
        engine, "aws:s3/bucketPolicy:BucketPolicy", {"bucket": "b", "policy": policy(["s3:B", "s3:A"], long)}
    )

    same = engine.diff(before, {"bucket": "b", "policy": policy(["s3:A", "s3:B"], "111122223333")})
    other = engine.diff(before, {"bucket": "b", "policy": policy(["s3:A"], "111122223333")})

    assert nothing_differs(same)
    assert kinds(other) == {"policy": "UPDATE"}


def test_the_order_of_a_set_is_no_difference(engine: Engine) -> None:
    def model(*subnets: str) -> dict[str, Any]:
        return {"executionRoleArn": "r", "vpcConfig": {"subnets": list(subnets), "securityGroupIds": ["g"]}}

    before = recorded(engine, "aws:sagemaker/model:Model", model("a", "b"))

    assert nothing_differs(engine.diff(before, model("b", "a")))
    assert kinds(engine.diff(before, model("b", "c"))) == {"vpcConfig.subnets": "UPDATE_REPLACE"}


def test_an_input_that_aws_fills_in_is_no_difference_when_it_is_left_out(engine: Engine) -> None:
    before = recorded(engine, "aws:s3/bucket:Bucket", {}, versioning={"enabled": True}, policy="{}")

    assert nothing_differs(engine.diff(before, {}))


def test_a_tag_that_somebody_added_beside_pulumi_is_a_difference(engine: Engine) -> None:
    before = recorded(engine, "aws:s3/bucket:Bucket", {"tags": {"a": "1"}})
    before.outputs["tags"] = {"a": "1", "b": "2"}

    assert kinds(engine.diff(before, {"tags": {"a": "1"}})) == {"tags.b": "DELETE"}


def test_what_can_not_exist_twice_is_deleted_before_it_is_replaced(engine: Engine) -> None:
    attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    before = recorded(engine, attachment, {"role": "r", "policyArn": "a"})
    named = recorded(engine, CONFIGURATION, {"name": "mine", "productionVariants": [{"modelName": "a"}]})
    made = recorded(engine, CONFIGURATION, {"productionVariants": [{"modelName": "a"}]})
    other = {"productionVariants": [{"modelName": "b"}]}

    assert engine.diff(before, {"role": "r", "policyArn": "b"}).deleteBeforeReplace
    assert engine.diff(named, {"name": "mine", **other}).deleteBeforeReplace
    assert not engine.diff(made, other).deleteBeforeReplace


def test_the_mode_of_inference_alone_replaces_nothing(engine: Engine) -> None:
    """A gap of Terraform's that pulumi-aws has too: only the block's presence replaces."""
    model = "aws:sagemaker/model:Model"
    inputs = {"executionRoleArn": "r", "inferenceExecutionConfig": {"mode": "Serial"}}
    before = recorded(engine, model, inputs)

    changed = engine.diff(before, {**inputs, "inferenceExecutionConfig": {"mode": "Direct"}})
    added = engine.diff(recorded(engine, model, {"executionRoleArn": "r"}), inputs)

    assert kinds(changed) == {"inferenceExecutionConfig.mode": "UPDATE"}
    assert kinds(added) == {"inferenceExecutionConfig": "ADD_REPLACE"}


def test_another_kind_of_source_replaces_a_rule_and_another_source_does_not(engine: Engine) -> None:
    token = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    inputs = {"securityGroupId": "sg", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}
    before = recorded(engine, token, inputs)

    assert not engine.diff(before, {**inputs, "cidrIpv4": "10.0.0.0/8"}).replaces
    other = {"securityGroupId": "sg", "ipProtocol": "-1", "prefixListId": "pl-1"}
    assert set(engine.diff(before, other).replaces) == {"cidrIpv4", "prefixListId"}
