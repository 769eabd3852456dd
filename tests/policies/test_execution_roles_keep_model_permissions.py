"""Execution roles allow what their models need; what can't be seen is said, not assumed."""

from __future__ import annotations

import json

import pytest
from judging import IMAGE, UNKNOWN, Given, Judge

from knowledge.permissions import document_of, trust_document
from policies.model_needs import ANY_KEY
from policies.rules.execution_roles_keep_model_permissions import rule
from policies.tokens import (
    BUCKET_POLICY,
    BUCKETS,
    ENDPOINT,
    ENDPOINT_CONFIGURATION,
    KEY,
    MANAGED_POLICY,
    MODEL,
    POLICY_ATTACHMENT,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
)

ROLE_ARN = "arn:aws:iam::111122223333:role/trees"
KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234"
URL = "s3://artifacts/trees/4f0c/model.tar.gz"
REPOSITORY_ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/decision-trees"
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::artifacts/*"}
PULL = {
    "Effect": "Allow",
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
    "Resource": REPOSITORY_ARN,
}
LOG_IN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
USE_KEY = {"Effect": "Allow", "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:Decrypt"], "Resource": KEY_ARN}
ALL = [READ, PULL, LOG_IN, USE_KEY]
NOTHING: list[dict] = []


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(**properties: object) -> Given:
    trust = json.dumps(trust_document())
    return Given(ROLE, {"name": "trees", "arn": ROLE_ARN, "assumeRolePolicy": trust, **properties}, "trees")


def inline(policy: str) -> Given:
    return Given(ROLE_POLICY, {"role": "trees", "policy": policy}, "rights")


def model(**changes: object) -> Given:
    container = {"image": IMAGE, "modelDataUrl": URL, **changes}
    return Given(MODEL, {"name": "m-1234567", "executionRoleArn": ROLE_ARN, "primaryContainer": container}, "m")


BUCKET = Given(BUCKETS[0], {"bucket": "artifacts"}, "artifacts")
OWN_KEY = Given(KEY, {"arn": KEY_ARN, "keyId": "1234"}, "own")
CONFIGURATION = Given(
    ENDPOINT_CONFIGURATION,
    {"name": "c-1234567", "kmsKeyArn": KEY_ARN, "productionVariants": [{"modelName": "m-1234567"}]},
    "c",
)
REST = [BUCKET, OWN_KEY, CONFIGURATION, Given(ENDPOINT, {"endpointConfigName": "c-1234567"}, "e")]


def test_a_role_that_allows_everything_the_model_needs_passes(judge: Judge) -> None:
    """By inline policies, attached ones of this stack, or the role's own list."""
    managed = Given(MANAGED_POLICY, {"arn": "arn:aws:iam::111122223333:policy/p", "policy": document(*ALL)}, "p")
    arn = managed.properties["arn"]

    for rights in (
        [role(), inline(document(*ALL))],
        [role(), inline(document(READ)), Given(ROLE_POLICY, {"role": "trees", "policy": document(*ALL[1:])}, "more")],
        [role(inlinePolicies=[{"name": "a", "policy": document(*ALL)}])],
        [role(), managed, Given(ROLE_POLICY_ATTACHMENT, {"role": "trees", "policyArn": arn}, "a")],
        [role(), managed, Given(POLICY_ATTACHMENT, {"roles": ["trees"], "policyArn": arn}, "a")],
        [role(managedPolicyArns=[arn]), managed],
    ):
        assert judge(rule, *rights, model(), *REST).passed


@pytest.mark.parametrize(
    ("granted", "missing"),
    [
        ([PULL, LOG_IN, USE_KEY], "allows s3:GetObject on arn:aws:s3:::artifacts/trees/4f0c/model.tar.gz"),
        ([READ, PULL, USE_KEY], "allows ecr:GetAuthorizationToken on *"),
        ([READ, PULL, LOG_IN], f"allows kms:CreateGrant, kms:DescribeKey on {KEY_ARN}"),
    ],
)
def test_a_right_that_is_gone_is_refused_with_the_path_of_use(judge: Judge, granted: list[dict], missing: str) -> None:
    """The story's case: the right to read the artifact is removed."""
    judgement = judge(rule, role(), inline(document(*granted)), model(), *REST)

    [violation] = judgement.violations
    assert f"Role trees: no policy of it {missing}, which Model m needs to " in violation
    assert "Path of use: Role trees <- Model m <- EndpointConfiguration c <- Endpoint e" in violation
    assert judgement.urns == [role().urn]


def test_an_explicit_denial_is_refused_whatever_else_is_not_known(judge: Judge) -> None:
    """A denial wins over every grant, seen or not."""
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    unseen = Given(ROLE_POLICY_ATTACHMENT, {"role": "trees", "policyArn": "arn:aws:iam::aws:policy/X"}, "x")

    judgement = judge(rule, role(), inline(document(*ALL, deny)), unseen, model(), *REST)

    assert len(judgement.violations) == 1
    assert "allows s3:GetObject" in judgement.violations[0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([role(), inline(UNKNOWN)], "policy of RolePolicy rights is not known before `up`"),
        ([role(), inline("{")], "policy of RolePolicy rights can't be read"),
        ([role(managedPolicyArns=["arn:aws:iam::aws:policy/X"])], "arn:aws:iam::aws:policy/X is not in this stack"),
        ([role(managedPolicyArns=UNKNOWN)], "is not in this stack"),
        ([role(permissionsBoundary="arn:aws:iam::1:policy/b"), inline(document(*ALL))], "permissionsBoundary"),
        (
            [role(), inline(document({**READ, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, *ALL[1:]))],
            "under conditions",
        ),
    ],
)
def test_documents_that_cannot_be_read_leave_it_undecided(judge: Judge, given: list[Given], says: str) -> None:
    """A right that can't be seen is neither there nor missing."""
    judgement = judge(rule, *given, model(), *REST)

    assert judgement.violations == []
    assert len(judgement.undecided) == 1
    assert says in judgement.undecided[0]


def test_a_first_preview_follows_dependencies_where_nothing_has_an_arn_yet(judge: Judge) -> None:
    """Role, key and bucket are created in the same run: a role without any right is refused all the same."""
    new_role = Given(ROLE, {"name": "trees", "arn": UNKNOWN, "assumeRolePolicy": json.dumps(trust_document())}, "trees")
    key = Given(KEY, {"arn": UNKNOWN}, "own")
    container = {"image": IMAGE, "modelDataUrl": UNKNOWN}
    new_model = Given(
        MODEL,
        {"name": "m-1234567", "executionRoleArn": UNKNOWN, "primaryContainer": container},
        "m",
        depends={"executionRoleArn": [new_role], "primaryContainer": [BUCKET]},
    )
    configuration = Given(
        ENDPOINT_CONFIGURATION,
        {"kmsKeyArn": UNKNOWN, "productionVariants": [{"modelName": "m-1234567"}]},
        "c",
        depends={"kmsKeyArn": [key]},
    )
    rest = [BUCKET, key, new_model, configuration]
    empty = Given(ROLE_POLICY, {"role": UNKNOWN, "policy": document()}, "rights", depends={"role": [new_role]})
    unknown = Given(ROLE_POLICY, {"role": UNKNOWN, "policy": UNKNOWN}, "rights", depends={"role": [new_role]})
    partial = Given(ROLE_POLICY, {"role": UNKNOWN, "policy": document(*ALL)}, "rights", depends={"role": [new_role]})

    refused = judge(rule, new_role, empty, *rest)
    later = judge(rule, new_role, unknown, *rest)
    part = judge(rule, new_role, partial, *rest)

    assert any("s3:GetObject" in violation for violation in refused.violations)
    assert any(ANY_KEY in violation for violation in refused.violations)
    assert later.violations == []
    assert "policy of RolePolicy rights is not known" in later.undecided[0]
    assert part.violations == []
    assert "not on all of arn:aws:s3:::*/*" in part.undecided[0]


def test_what_a_refreshed_role_lists_as_its_own_is_not_believed(judge: Judge) -> None:
    """The provider reads back policies of other resources, also one that this run removes; first they are unknown."""
    granting = [{"name": "old", "policy": document(*ALL)}]

    for outputs in ({"inlinePolicies": granting}, {"inlinePolicies": UNKNOWN, "managedPolicyArns": UNKNOWN}):
        read_back = Given(ROLE, role().properties, "trees", outputs=outputs)

        assert len(judge(rule, read_back, inline(document(*ALL[1:])), model(), *REST).violations) == 1
        assert judge(rule, read_back, inline(document(*ALL)), model(), *REST).passed


def test_a_key_policy_that_the_program_sets_may_grant_and_a_default_one_does_not(judge: Judge) -> None:
    """Without a policy of its own a key leaves it to IAM; the provider reads that default back."""
    rights = [role(), inline(document(*ALL[:3])), model()]
    rest = [each for each in REST if each is not OWN_KEY]
    default = Given(KEY, OWN_KEY.properties, "own", outputs={"policy": "{}"})
    own = Given(KEY, {**OWN_KEY.properties, "policy": "{}"}, "own")

    assert len(judge(rule, *rights, default, *rest).violations) == 1
    assert "the key policy may grant it (Key own)" in judge(rule, *rights, own, *rest).undecided[0]


def test_a_policy_of_the_bucket_may_grant_on_its_own(judge: Judge) -> None:
    """A bucket of this stack with a policy, or a bucket of somebody else's: undecided. Without a policy: refused."""
    policy = Given(BUCKET_POLICY, {"bucket": "artifacts", "policy": UNKNOWN}, "shared")
    rights = [role(), inline(document(*ALL[1:]))]
    elsewhere = [each for each in REST if each is not BUCKET]

    assert "BucketPolicy shared may grant it" in judge(rule, *rights, policy, model(), *REST).undecided[0]
    assert "bucket artifacts isn't in this stack" in judge(rule, *rights, model(), *elsewhere).undecided[0]
    assert len(judge(rule, *rights, model(), *REST).violations) == 1


def test_a_role_that_sagemaker_may_not_assume_is_refused(judge: Judge) -> None:
    """Rights are worth nothing to somebody who can't take them."""
    trust = json.loads(json.dumps(trust_document()).replace("sagemaker", "lambda"))
    trust_nobody = role(assumeRolePolicy=json.dumps(trust))

    [violation] = judge(rule, trust_nobody, inline(document(*ALL)), model(), *REST).violations

    assert "doesn't let sagemaker.amazonaws.com assume the role" in violation


@pytest.mark.parametrize("trust", [UNKNOWN, "{"])
def test_a_trust_policy_that_cannot_be_read_is_undecided(judge: Judge, trust: str) -> None:
    judgement = judge(rule, role(assumeRolePolicy=trust), inline(document(*ALL)), model(), *REST)

    assert len(judgement.undecided) == 1
    assert "assumeRolePolicy" in judgement.undecided[0]


def test_what_the_generated_least_privilege_grants_passes(judge: Judge) -> None:
    """Whatever the components grant by the same table satisfies the rule, network and private registry included."""
    from policies.model_needs import essential_needs
    from policies.reading import Stack

    function = "arn:aws:lambda:eu-central-1:111122223333:function:credentials"
    config = {
        "repositoryAccessMode": "Vpc",
        "repositoryAuthConfig": {"repositoryCredentialsProviderArn": function},
    }
    given = model(imageConfig=config)
    given.properties["vpcConfig"] = {"subnets": ["s"], "securityGroupIds": ["g"]}

    bare = judge(rule, role(), inline(document()), given, *REST)
    stack_given = Stack([_as_policy_resource(each) for each in (given, *REST)])
    granted = essential_needs(stack_given, stack_given.of_type(MODEL)[0])

    assert any("ec2:CreateNetworkInterface" in violation for violation in bare.violations)
    assert "the function's own policy may grant it" in bare.undecided[0]
    assert judge(rule, role(), inline(json.dumps(document_of(granted))), given, *REST).passed


def _as_policy_resource(given: Given):  # noqa: ANN202 - pulumi-policy's own
    from pulumi_policy import PolicyResource
    from pulumi_policy.proxy import unknown_checking_proxy

    props = unknown_checking_proxy(given.properties)
    return PolicyResource(given.type, props, given.urn, given.name, None, None, None, [], {})


def test_models_with_somebody_elses_role_are_not_applicable(judge: Judge) -> None:
    judgement = judge(rule, model(), *REST)

    assert judgement.not_applicable == ["no model has a role of this stack"]


def test_sources_that_the_provider_fills_in_do_not_widen_what_a_known_artifact_needs(judge: Judge) -> None:
    """In the preview of a new model they are unknown as a whole; no roll of an image could be decided otherwise."""
    filled_in = model(modelDataSource=UNKNOWN, additionalModelDataSources=UNKNOWN)
    outcome = judge(rule, role(), inline(document(*ALL)), filled_in, *REST)

    assert outcome.passed


def test_a_source_that_is_not_known_is_undecided_where_nothing_else_names_the_artifact(judge: Judge) -> None:
    unknown = model(modelDataUrl=None, modelDataSource=UNKNOWN)
    outcome = judge(rule, role(), inline(document(*ALL)), unknown, *REST)

    assert outcome.undecided
