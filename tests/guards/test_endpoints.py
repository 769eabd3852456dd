"""The endpoint itself, a model's references, what the transform leaves on a registration, and how findings travel."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from pulumi.runtime.proto import resource_pb2

from findings.finding import Finding
from guards import exemptions_in_force, kinds
from guards.registering import HOOK_BEFORE_CREATE, HOOK_BEFORE_DELETE
from guards.report import Refused

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGES = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/serving"


def model(image: str, artifact: str) -> dict[str, Any]:
    return {"name": "m", "primaryContainer": {"image": image, "modelDataUrl": artifact}}


@pytest.fixture
def image(aws: Any, tenant: Any) -> str:
    """An image that is in the tenant's repository, by digest."""
    pushed = aws("ecr").put_image(
        repositoryName="serving",
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}),
        imageTag="1",
        imageManifestMediaType=MANIFEST,
    )
    return f"{IMAGES}@{pushed['image']['imageId']['imageDigest']}"


def test_a_model_of_an_image_that_is_not_there_is_not_made(run: Any, tenant: Any, image: str) -> None:
    """The digest is in no repository; the twin's is."""
    artifact = f"s3://{tenant.bucket}/{tenant.artifact}"
    run.create(kinds.MODEL, "m", model(image, artifact))
    assert run.report.found == []

    with pytest.raises(Refused, match=r"model-refers-to-what-exists: .*holds no such image"):
        run.create(kinds.MODEL, "m", model(f"{IMAGES}@sha256:{'b' * 64}", artifact))


def test_a_model_of_an_artifact_that_is_not_there_is_not_made(run: Any, tenant: Any, image: str) -> None:
    """Nothing lies under that key."""
    with pytest.raises(Refused, match=r"model-refers-to-what-exists: .*ModelDataUrl is s3://models/none.*nothing lies"):
        run.create(kinds.MODEL, "m", model(image, "s3://models/none"))


def test_in_a_preview_an_artifact_that_this_run_uploads_is_as_good_as_there(preview: Any, image: str) -> None:
    """The object is registered; at `up` it must be there."""
    preview.register(kinds.OBJECT, "o", {"bucket": "models", "key": "new.tar.gz"})

    preview.create(kinds.MODEL, "m", model(image, "s3://models/new.tar.gz"))

    assert preview.report.found == []


def test_an_update_that_reached_the_account_is_verified(up: Any, tenant: Any) -> None:
    """DescribeEndpoint shows the configuration that was asked for."""
    old = {"name": "tenant", "endpointConfigName": "c-1"}

    up.updated(kinds.ENDPOINT, "e", "tenant", old, {**old, "endpointConfigName": tenant.configuration})

    assert up.report.found == []


def test_an_update_that_was_rolled_back_is_refused(up: Any, tenant: Any) -> None:
    """The endpoint is InService, on the old configuration; the provider said that all was well."""
    old = {"name": "tenant", "endpointConfigName": tenant.configuration}

    with pytest.raises(Refused, match=r"still on the old configuration tenant-configuration.*Nothing old was deleted"):
        up.updated(kinds.ENDPOINT, "e", "tenant", old, {**old, "endpointConfigName": "c-2"})


def test_the_transform_puts_hooks_order_and_mark_on_a_guarded_resource(preview: Any) -> None:
    """A key: hooks before everything, the new one before the old one goes, the tag for packs."""
    answer = preview.register(kinds.KEY, "k", {"tags": {"team": "ml"}})

    assert list(answer.options.hooks.before_delete) == [HOOK_BEFORE_DELETE]
    assert answer.options.HasField("delete_before_replace")
    assert not answer.options.delete_before_replace
    assert dict(answer.properties["tags"]) == {"team": "ml", "holdfast:guarded": "true"}


def test_creations_that_tell_the_guards_nothing_cost_no_call(preview: Any) -> None:
    """900 keys, objects, subnets: nobody is found by their names, and nothing can stand against making them."""
    quiet = {
        kinds.KEY,
        kinds.BUCKET,
        "aws:s3/bucketV2:BucketV2",
        kinds.OBJECT,
        kinds.OBJECT_V1,
        kinds.OBJECT_COPY,
        kinds.REPLICA_KEY,
        kinds.EXTERNAL_KEY,
        kinds.REPLICA_EXTERNAL_KEY,
        kinds.ROLE,
        kinds.POLICY,
        kinds.SUBNET,
        kinds.GROUP,
        kinds.VPC,
        kinds.VPC_ENDPOINT,
        kinds.VPC_ENDPOINT_ROUTES,
        kinds.ROUTE_TABLE,
        kinds.FUNCTION,
        kinds.SECRET,
        kinds.CLOUD_CONTROL,
    }
    answers = {token: preview.register(token, "one", {}) for token in kinds.GUARDED}

    assert {token for token, answer in answers.items() if not answer.options.hooks.before_create} == quiet
    assert list(answers[kinds.MODEL].options.hooks.before_create) == [HOOK_BEFORE_CREATE]
    assert all(list(answer.options.hooks.before_delete) == [HOOK_BEFORE_DELETE] for answer in answers.values())


def test_the_transform_keeps_what_the_user_has_set(preview: Any) -> None:
    """Own hooks come after the guards', own options stay."""
    answer = preview.register(kinds.MODEL, "m", {"name": "m"}, delete_before_replace=True, retain_on_delete=True)

    assert answer.options.delete_before_replace
    assert answer.options.retain_on_delete
    assert not answer.HasField("properties")


def test_the_transform_leaves_other_resources_alone(preview: Any) -> None:
    """Neither properties nor options come back."""
    answer = preview.register("aws:sns/topic:Topic", "t", {"name": "t"})

    assert not answer.HasField("options")
    assert not answer.HasField("properties")


def test_an_endpoint_would_be_deleted_first_if_it_were_replaced_so_that_the_guard_sees_it(preview: Any) -> None:
    """Only then is its replacement refused before the new one is made."""
    answer = preview.register(kinds.ENDPOINT, "e", {"name": "e"}, delete_before_replace=False)

    assert answer.options.delete_before_replace


def test_a_preview_that_collects_writes_all_findings_down_and_goes_on(
    tmp_path: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """HOLDFAST_FINDINGS names the file."""
    path = tmp_path / "findings.jsonl"
    monkeypatch.setenv("HOLDFAST_FINDINGS", str(path))
    preview = request.getfixturevalue("preview")

    preview.delete(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn})
    preview.delete(kinds.SUBNET, "s", tenant.subnet, {})

    names = [Finding.from_json(line).name for line in path.read_text().splitlines()]
    assert names == ["key-in-use-stays", "subnet-in-use-stays"]


def test_at_up_a_finding_is_raised_even_when_they_are_collected(
    up: Any, tenant: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An `up` must stop."""
    monkeypatch.setenv("HOLDFAST_FINDINGS", str(tmp_path / "findings.jsonl"))

    with pytest.raises(Refused, match=r"key-in-use-stays"):
        up.delete(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn})


@pytest.mark.parametrize(("expires", "passes"), [("2999-12-31", True), ("2020-01-01", False)])
def test_only_an_exemption_in_force_passes_a_guard(
    expires: str, passes: bool, run: Any, tenant: Any, tmp_path: Any
) -> None:
    """Reason, owner, last day; it stays in the report."""
    (tmp_path / "exemptions.yaml").write_text(
        "schema_version: '1'\nexemptions:\n- guard: key-in-use-stays\n  resource: k\n  reason: moving house\n"
        f"  owner: ml-platform\n  expires: '{expires}'\n"
    )
    if passes:
        run.delete(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn})

        assert [one.exempted_by.owner for one in run.report.found] == ["ml-platform"]
    else:
        with pytest.raises(
            Refused,
            match=r"An exemption for this ended on 2020-01-01 \(.*, owner: ml-platform\)\.",
        ):
            run.delete(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn})


def test_the_exemptions_in_force_are_told_for_the_stacks_outputs(
    preview: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of today: the expired one isn't among them."""
    entry = "- guard: key-in-use-stays\n  resource: {}\n  reason: moving house\n  owner: ml-platform\n  expires: '{}'\n"
    entries = entry.format("k", "2999-12-31") + entry.format("old", "2020-01-01")
    (tmp_path / "exemptions.yaml").write_text(f"schema_version: '1'\nexemptions:\n{entries}")
    monkeypatch.setattr(sys.modules["guards.install"], "_installed", {1: preview.guards})

    assert exemptions_in_force() == [
        {
            "guard": "key-in-use-stays",
            "resource": "k",
            "reason": "moving house",
            "owner": "ml-platform",
            "expires": "2999-12-31",
        }
    ]


def test_a_guard_that_fails_refuses(run: Any, tenant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closed, and it says that the fault is Holdfast's."""
    monkeypatch.setattr(run.guards.judge, "ask", lambda *_, **__: {}["x"])

    with pytest.raises(Refused, match=r"guards-work: .*fault of Holdfast"):
        run.delete(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn})


def test_an_update_that_failed_in_the_provider_says_where_the_endpoint_is(up: Any, tenant: Any) -> None:
    """A roll-back that shows itself: the step has failed already, the finding adds what the account says."""
    said: list[str] = []
    up.report.say = lambda severity, text, urn: said.append(f"{severity} {text}")
    request = resource_pb2.ErrorHookRequest(
        urn=up.urn(kinds.ENDPOINT, "e"), id="tenant", name="e", type=kinds.ENDPOINT, errors=["RollingBack"]
    )
    request.new_inputs.update({"name": "tenant", "endpointConfigName": "c-2"})

    up.guards.after_failure(request)

    assert [one.name for one in up.report.found] == ["endpoint-update-is-verified"]
    assert said[0].startswith("error endpoint-update-is-verified: ")
    assert "still on the old configuration tenant-configuration" in said[0]
