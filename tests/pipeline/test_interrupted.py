"""What an interrupted run leaves behind: which creations are taken into the state, and which are only named."""

from __future__ import annotations

from typing import Any

from pipeline.interrupted import taken_up

URN = "urn:pulumi:s::p::"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def row(type_: str, **inputs: Any) -> dict[str, Any]:
    """A resource as a state writes it."""
    return {"urn": f"{URN}{type_}::x", "type": type_, "custom": True, "inputs": inputs}


def deployment(*creating: dict[str, Any], there: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """A deployment with creations that were interrupted."""
    return {"resources": list(there), "pending_operations": [{"resource": one, "type": "creating"} for one in creating]}


class Ec2:
    """EC2 with one subnet in a VPC, and two that nobody can tell apart in another."""

    def describe_subnets(self, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """The subnets of the VPC that is asked for."""
        vpc = next(one["Values"][0] for one in Filters if one["Name"] == "vpc-id")
        return {"Subnets": [{"SubnetId": f"subnet-{n}"} for n in range({"vpc-1": 1, "vpc-2": 2}[vpc])]}


def test_what_has_a_name_is_taken_in_under_it() -> None:
    """An endpoint and a role's policy are found by their names; nothing stays pending."""
    endpoint = row("aws:sagemaker/endpoint:Endpoint", name="e")
    policy = row("aws:iam/rolePolicy:RolePolicy", name="p", role="r")
    made = taken_up(deployment(endpoint, policy))

    assert [one["id"] for one in made.deployment["resources"]] == ["e", "r:p"]
    assert made.deployment["pending_operations"] == []
    assert (made.adopted, made.lost) == ([endpoint["urn"], policy["urn"]], [])


def test_what_belongs_to_the_stack_is_found_by_what_it_belongs_to() -> None:
    """A subnet is found in the stack's own VPC; of two that fit, neither is taken."""
    one = row("aws:ec2/subnet:Subnet", vpcId="vpc-1", cidrBlock="10.0.0.0/24")
    two = row("aws:ec2/subnet:Subnet", vpcId="vpc-2", cidrBlock="10.0.0.0/24")

    assert taken_up(deployment(one), Ec2).deployment["resources"][0]["id"] == "subnet-0"
    assert taken_up(deployment(two), Ec2).lost == [two["urn"]]


def test_what_could_be_anybodys_is_named_and_left_alone() -> None:
    """A KMS key, and a name that wasn't known yet, are lost: the state doesn't claim them."""
    key = row("aws:kms/key:Key", description="d")
    unknown = row("aws:kms/alias:Alias", name=UNKNOWN)
    made = taken_up(deployment(key, unknown))

    assert made.lost == [key["urn"], unknown["urn"]]
    assert made.deployment["resources"] == []


def test_an_interrupted_replacement_goes_at_the_end() -> None:
    """Where the old one is still there, the new one is taken in as something to delete."""
    old = {**row("aws:sagemaker/model:Model", name="m-1"), "id": "m-1"}
    new = row("aws:sagemaker/model:Model", name="m-2")
    made = taken_up(deployment(new, there=(old,)))

    assert [(one["id"], one.get("delete", False)) for one in made.deployment["resources"]] == [
        ("m-1", False),
        ("m-2", True),
    ]


def test_without_an_interruption_nothing_changes() -> None:
    """Components and operations that were no creations need nothing."""
    before = {
        "resources": [],
        "pending_operations": [{"resource": row("aws:iam/role:Role", name="r"), "type": "updating"}],
    }
    component = {**row("holdfast:index:Network"), "custom": False}

    assert taken_up(before).deployment is before
    assert not taken_up(deployment(component)).any


def test_a_deletion_of_what_is_live_again_is_dropped() -> None:
    """An object that a failed roll left to be deleted, and that is live again under the same key, stays."""
    live = {**row("aws:s3/bucketObjectv2:BucketObjectv2", key="k"), "id": "k", "outputs": {"bucket": "b"}}
    other = {**live, "outputs": {"bucket": "another"}, "delete": True}
    made = taken_up(deployment(there=(live, {**live, "delete": True}, other)))

    assert made.dropped == [live["urn"]]
    assert made.deployment["resources"] == [live, other]
