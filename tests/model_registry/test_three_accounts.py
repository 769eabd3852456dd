"""Registering and deploying across three emulated accounts: each statement that the components emit is needed.

The documents are those that the programs of the three accounts emit; the statements are enumerated from them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from registry_accounts import (
    DEPLOYING,
    GROUP,
    REGION,
    REGISTRY,
    TRAINING,
    Emitted,
    client,
    deploying,
    emitted,
    make_network,
    push_image,
    registry,
    training,
)

from findings import exit_codes
from findings.finding import Finding
from guards import packages, registrations
from guards.live import Account as Asking
from pipeline.versions import deciding
from rehearsal.account import Account, ensure
from rehearsal.harness import Rehearsed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACTING = {TRAINING: "registrar", DEPLOYING: "deployer"}
PROGRAMS = {REGISTRY: registry, TRAINING: training, DEPLOYING: deploying}
GUARDS = {packages.READABLE, registrations.REGISTRATION}
# Of the execution role's statements this one is left out: an artifact that is one object is read by s3:GetObject alone,
# and s3:ListBucket only turns Amazon S3's 403 for an object that isn't there into a 404. An artifact that is a prefix
# is listed (knowledge.permissions: essential there); no account of this test has one.
NEEDED_FOR_PREFIXES = (["s3:ListBucket"], "s3:ListBucket")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass
class Three:
    """The three accounts, their stacks, and what was registered."""

    accounts: dict[str, Account]
    stacks: dict[str, Rehearsed]
    home: Path
    image: str = ""
    version: str = ""
    roles: dict[tuple[str, str], tuple[str, str, str]] = field(default_factory=dict)
    names: Iterator[int] = field(default_factory=lambda: iter(range(1000)))

    def role(self, number: str, name: str) -> tuple[str, str, str]:
        """Credentials of a role: access key, secret, token."""
        if (number, name) not in self.roles:
            arn = f"arn:aws:iam::{number}:role/{name}"
            made = client(self.accounts[number], "sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            self.roles[number, name] = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
        return self.roles[number, name]

    def as_role(self, number: str, name: str, service: str) -> Any:
        """A client with a role's credentials."""
        return client(self.accounts[number], service, self.role(number, name))

    def register(self) -> str:
        """The registrar registers another version, as pulumi-aws does: by Cloud Control. Raises AssertionError."""
        state = json.loads(
            self.stacks[TRAINING].state["aws:cloudcontrol/resource:Resource", "trees"].inputs["desiredState"]
        )
        state |= {"ClientToken": f"another-{next(self.names)}"}
        control = self.as_role(TRAINING, "registrar", "cloudcontrol")
        asked = control.create_resource(TypeName="AWS::SageMaker::ModelPackage", DesiredState=json.dumps(state))
        token = asked["ProgressEvent"]["RequestToken"]
        ended = control.get_resource_request_status(RequestToken=token)["ProgressEvent"]
        assert ended["OperationStatus"] == "SUCCESS", ended["StatusMessage"]
        return str(ended["Identifier"])

    def approve(self, arn: str) -> None:
        """Somebody of the registry's account approves it."""
        client(self.accounts[REGISTRY], "sagemaker").update_model_package(
            ModelPackageArn=arn, ModelApprovalStatus="Approved"
        )

    def deploy(self, arn: str) -> None:
        """The deployer makes an endpoint of it. Raises AssertionError, ClientError."""
        name = f"trees-{next(self.names)}"
        sagemaker = self.as_role(DEPLOYING, "deployer", "sagemaker")
        sagemaker.describe_model_package(ModelPackageName=arn)
        role = self.stacks[DEPLOYING].outputs["role"]
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, Containers=[{"ModelPackageName": arn}])
        variant = {"VariantName": "main", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        self.accounts[DEPLOYING].advance(600)
        found = sagemaker.describe_endpoint(EndpointName=name)
        sagemaker.delete_endpoint(EndpointName=name)
        assert found["EndpointStatus"] == "InService", found["FailureReason"]

    def fails(self) -> str:
        """Why registering or deploying fails; "" when both work."""
        try:
            arn = self.register()
            self.approve(arn)
            self.deploy(arn)
        except (AssertionError, ClientError) as error:
            return str(error)
        return ""

    def statements(self) -> list[Emitted]:
        """All statements that cross accounts, as the programs emitted them, and that their own reasons call needed."""
        found = [one for number in PROGRAMS for one in emitted(number, self.stacks[number])]
        return [one for one in found if one.statement["Action"] not in NEEDED_FOR_PREFIXES]

    def preview(self, one: Emitted) -> list[Finding]:
        """What a preview refuses that plans what the statement is for, asked by whoever would do it.

        A statement of a run's own documents is left out of what the program emits: the same run would put it back.
        """
        about = json.dumps(one.statement.get("Principal", {}))
        own = one.account == TRAINING and REGISTRY in about
        training_acts = own or TRAINING in about or (one.account == TRAINING and not about.count("AWS"))
        number = TRAINING if training_acts else DEPLOYING
        left_out = own or one.type.endswith(":RolePolicy")
        return self.plan(number, **({"WITHOUT": json.dumps(one.statement)} if left_out else {}))

    def plan(self, number: str, **given: str) -> list[Finding]:
        """What the guards refuse in a preview of another version, or another model."""
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        given |= dict(zip(names, self.role(number, ACTING[number]), strict=True))
        found = self.home / f"findings-{next(self.names)}"
        given |= {"DESCRIPTION": "another", "MODEL": "trees-another", "GUARDED": "yes", "HOLDFAST_FINDINGS": str(found)}
        stack = self.stacks[number]
        kept, stack.environ = stack.environ, {**stack.environ, **given}
        try:
            stack.preview()
        finally:
            stack.environ = kept
        told = found.read_text().splitlines() if found.exists() else []
        return [one for line in told if (one := Finding.from_json(line)).refuses]

    def put(self, one: Emitted, *, without: bool) -> None:
        """Puts a document into the account again, complete or without one of its statements."""
        kept = [each for each in one.document["Statement"] if not (without and each is one.statement)]
        text = json.dumps({**one.document, "Statement": kept})
        kind = one.type.rpartition(":")[2]
        if kind == "RepositoryPolicy":
            client(self.accounts[one.account], "ecr").set_repository_policy(repositoryName=one.id, policyText=text)
        elif kind == "BucketPolicy":
            client(self.accounts[one.account], "s3").put_bucket_policy(Bucket=one.id, Policy=text)
        elif kind == "Key":
            client(self.accounts[one.account], "kms").put_key_policy(KeyId=one.id, PolicyName="default", Policy=text)
        elif kind == "ModelPackageGroupPolicy":
            self._put_group_policy(text, bool(kept))
        elif kind == "Policy":
            self._put_managed(one.account, one.id, text if kept else None)
        elif kind == "RolePolicy":
            role, _, name = one.id.partition(":")
            iam = client(self.accounts[one.account], "iam")
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
        else:
            pytest.fail(f"{kind} emits a document, and nothing here puts one")

    def _put_group_policy(self, text: str, any_left: bool) -> None:
        assert any_left
        client(self.accounts[REGISTRY], "sagemaker").put_model_package_group_policy(
            ModelPackageGroupName=GROUP.name, ResourcePolicy=text
        )

    def _put_managed(self, number: str, arn: str, text: str | None) -> None:
        """A managed policy can't be empty: without its only statement it allows something that nobody needs."""
        iam = client(self.accounts[number], "iam")
        harmless = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
        document = text or json.dumps({"Version": "2012-10-17", "Statement": [harmless]})
        for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)


def _role(of: Account, name: str, *statements: dict[str, Any]) -> None:
    """A role of somebody, with what it may do in its own account; the program adds what crosses accounts."""
    iam = client(of, "iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    own = {"Effect": "Allow", "Action": "*", "Resource": [f"arn:aws:*:*:{of.id}:*", "arn:aws:s3:::trees-*"]}
    lists = {"Effect": "Allow", "Action": ["sagemaker:ListE*", "kms:ListAliases", "ecr:Get*"], "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [own, lists, *statements]}
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory, rehearsal_processes: None) -> Iterator[Three]:
    """A version that was registered from one account into another, approved, and deployed in a third."""
    home: Path = tmp_path_factory.mktemp("three")
    accounts = {number: ensure(number, home, idle_minutes=5, speed=0) for number in PROGRAMS}
    artifact = home / "model.tar.gz"
    artifact.write_bytes(b"a model")
    stacks = {}
    for number, program in PROGRAMS.items():
        stacks[number] = Rehearsed(program, home=home / number, account=True, environ={"AWS_REGION": REGION})
        stacks[number]._account = accounts[number]
    made = Three(accounts, stacks, home, push_image(accounts[TRAINING]))
    _role(accounts[TRAINING], "registrar")
    reading = {"Effect": "Allow", "Action": ["ecr:*", "kms:*", "s3:*"], "Resource": "*"}
    _role(accounts[DEPLOYING], "deployer", reading)
    stacks[REGISTRY].up()
    stacks[TRAINING].environ |= {"IMAGE": made.image, "ARTIFACT": str(artifact)}
    stacks[TRAINING].up()
    made.version = stacks[TRAINING].state["aws:cloudcontrol/resource:Resource", "trees"].id
    made.approve(made.version)
    described = client(accounts[REGISTRY], "sagemaker").describe_model_package(ModelPackageName=made.version)
    stacks[DEPLOYING].environ |= make_network(accounts[DEPLOYING])
    stacks[DEPLOYING].environ["DESCRIBED"] = json.dumps(described, default=str)
    stacks[DEPLOYING].up()
    yield made
    for account in accounts.values():
        account.stop()


def test_registering_and_deploying_work_across_three_accounts(three: Three) -> None:
    assert three.version.startswith(f"arn:aws:sagemaker:{REGION}:{REGISTRY}:model-package/{GROUP.name}/")
    assert three.fails() == ""


def test_the_statements_are_on_every_thing_that_is_used_and_on_both_sides(three: Three) -> None:
    kinds = {one.type.rpartition(":")[2] for one in three.statements()}

    assert kinds == {"RepositoryPolicy", "BucketPolicy", "Key", "ModelPackageGroupPolicy", "Policy", "RolePolicy"}
    assert {one.account for one in three.statements()} == set(PROGRAMS)


def test_the_registry_s_account_approves_by_what_the_documents_grant(
    three: Three, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`holdfast approve` there: the artifact is read, and decrypted, with another account's key."""
    (tmp_path / "Pulumi.yaml").write_text("name: holdfast\nruntime: python\n")
    own = {"AWS_ENDPOINT_URL": three.accounts[REGISTRY].url, "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000"}
    for name, value in (own | {"AWS_SECRET_ACCESS_KEY": "rehearsal", "AWS_REGION": REGION}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Asking, "client", lambda _, service: client(three.accounts[REGISTRY], service))
    arn = three.register()
    asked = deciding.Asked("approve", arn, "registry", tmp_path, "better", by="Ada", region=REGION, json=True)
    document = next(one for one in three.statements() if one.type.endswith("kms/key:Key") and REGISTRY in one.called)
    three.put(document, without=True)
    closed = deciding.carry_out(asked), json.loads(capsys.readouterr().out)
    three.put(document, without=False)
    opened = deciding.carry_out(asked), json.loads(capsys.readouterr().out)

    assert (closed[0], closed[1]["approval"]) == (exit_codes.UNKNOWN, "PendingManualApproval")
    assert "kms:Decrypt" in str(closed[1]["findings"])
    assert (opened[0], opened[1]["approval"]) == (exit_codes.OK, "Approved")
    three.deploy(arn)


@pytest.mark.parametrize("number", ACTING)
def test_previews_of_who_registers_and_who_deploys_pass_while_nothing_lacks(three: Three, number: str) -> None:
    assert three.plan(number) == []


def names(told: Finding, one: Emitted) -> bool:
    """Whether a refusal names an action of a statement, and what the statement is about.

    Whose document lacks it, another account's or the caller's own, AWS doesn't tell the caller: of these two the
    refusal names both.
    """
    kind, group = one.type.rpartition(":")[2], (GROUP.group_arn, GROUP.versions_arn.removesuffix("*"))
    about = {"RolePolicy": (one.statement["Resource"],) if kind == "RolePolicy" else ()}
    about |= {"Policy": group, "ModelPackageGroupPolicy": group}
    return any(action in told.message for action in one.statement["Action"]) and any(
        text in told.message for text in about.get(kind, (one.id,))
    )


def test_without_any_one_statement_it_fails_and_the_preview_had_said_so(three: Three) -> None:
    """Each is taken out of the document in the account, and put back. The preview names what is missing."""
    needless, unsaid = [], []
    for one in three.statements():
        three.put(one, without=True)
        why, told = three.fails(), three.preview(one)
        three.put(one, without=False)
        if not why:
            needless.append(one.called)
        if not any(each.name in GUARDS and names(each, one) for each in told):
            unsaid.append((one.called, [each.message for each in told]))

    assert needless == []
    assert unsaid == []
    assert three.fails() == ""
