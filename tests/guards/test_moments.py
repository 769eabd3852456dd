"""Which uses count when: the moved endpoint, the rolled-back one, the middle of a run, destroy."""

from __future__ import annotations

from typing import Any

import pytest

from guards import kinds
from guards.live import Account
from guards.report import Refused

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def variant(model: str) -> dict[str, Any]:
    return {"modelName": model, "variantName": "v", "instanceType": "ml.m5.large", "initialInstanceCount": 1}


def roll(run: Any, tenant: Any, *, serving: str) -> None:
    """The program's second version: new model and configuration, the endpoint updated. State says it ran `serving`."""
    run.program.program_done = False
    run.register(kinds.MODEL, "m", {"executionRoleArn": tenant.role_arn, "primaryContainer": {}})
    run.create(kinds.MODEL, "m", {"name": "m-2", "executionRoleArn": tenant.role_arn})
    run.register(kinds.CONFIGURATION, "c", {"productionVariants": [variant("m-2")]}, needs=(run.urn(kinds.MODEL, "m"),))
    run.create(kinds.CONFIGURATION, "c", {"name": "c-2", "productionVariants": [variant("m-2")]})
    run.register(
        kinds.ENDPOINT,
        "e",
        {"name": "tenant", "endpointConfigName": UNKNOWN},
        needs=(run.urn(kinds.CONFIGURATION, "c"),),
    )
    run.update(
        kinds.ENDPOINT,
        "e",
        "tenant",
        {"name": "tenant", "endpointConfigName": serving},
        {"name": "tenant", "endpointConfigName": UNKNOWN},
    )
    run.program.program_done = True


def test_in_a_preview_the_old_release_may_go_when_its_endpoint_moves(preview: Any, tenant: Any) -> None:
    """State and account agree on what serves, and an update is planned."""
    roll(preview, tenant, serving=tenant.configuration)

    preview.delete(kinds.CONFIGURATION, "c", tenant.configuration, {})
    preview.delete(kinds.MODEL, "m", tenant.model, {})

    assert preview.report.found == []


def test_after_a_roll_back_that_nobody_noticed_the_old_release_stays(preview: Any, tenant: Any) -> None:
    """State says that c-1 serves, the account says otherwise: the endpoint doesn't count as moved."""
    roll(preview, tenant, serving="c-1")

    with pytest.raises(Refused, match=r"endpoint-configuration-in-use-stays"):
        preview.delete(kinds.CONFIGURATION, "c", tenant.configuration, {})


def test_at_up_the_old_release_stays_while_the_account_shows_it(up: Any, tenant: Any) -> None:
    """The live truth is asked right before the act, whatever was planned."""
    with pytest.raises(Refused, match=r"model-in-use-stays"):
        up.delete(kinds.MODEL, "m", tenant.model, {})


def test_what_the_stack_will_use_stays_although_nothing_uses_it_yet(preview: Any, tenant: Any, aws: Any) -> None:
    """The planned configuration names a key by its literal ARN."""
    other = aws("kms").create_key()["KeyMetadata"]["Arn"]
    preview.register(kinds.CONFIGURATION, "c", {"name": "c", "kmsKeyArn": other, "productionVariants": []})
    preview.register(kinds.ENDPOINT, "e", {"name": "new", "endpointConfigName": "c"})

    with pytest.raises(Refused, match=r"key-in-use-stays.*<- endpoint new "):
        preview.delete(kinds.KEY, "key", other.rpartition("/")[2], {"arn": other})


def test_in_the_middle_of_a_run_a_planned_move_does_not_count(preview: Any, tenant: Any) -> None:
    """Deletion before replacement: the endpoint still runs the old release then."""
    roll(preview, tenant, serving=tenant.configuration)
    preview.program.program_done = False

    with pytest.raises(Refused, match=r"in the middle of the update"):
        preview.delete(kinds.CONFIGURATION, "c", tenant.configuration, {})


def test_in_the_preview_of_a_destroy_an_endpoint_whose_deletion_passed_is_gone(preview: Any, tenant: Any) -> None:
    """The program registers everything as if it stayed."""
    preview.register(kinds.ENDPOINT, "e", {"name": "tenant", "endpointConfigName": tenant.configuration})

    preview.delete(kinds.ENDPOINT, "e", "tenant", {"name": "tenant"})
    preview.delete(kinds.CONFIGURATION, "c", tenant.configuration, {})
    preview.delete(kinds.KEY, "k", tenant.key, {"arn": tenant.key_arn})

    assert preview.report.found == []


def test_an_endpoint_is_never_replaced(run: Any, tenant: Any) -> None:
    """A deletion in the middle of a run is a replacement."""
    run.program.program_done = False

    with pytest.raises(Refused, match=r"endpoint-is-never-replaced"):
        run.delete(kinds.ENDPOINT, "e", "tenant", {"name": "tenant"})


def test_an_endpoint_may_be_deleted_on_purpose(run: Any, tenant: Any) -> None:
    """Removed from the program, or destroyed: at the end of the run."""
    run.delete(kinds.ENDPOINT, "e", "tenant", {"name": "tenant"})

    assert run.report.found == []


def test_a_preview_that_does_not_know_yet_says_undecided_and_passes(preview: Any, tenant: Any) -> None:
    """An unknown that comes from no guarded resource."""
    preview.register(
        kinds.CONFIGURATION, "c", {"name": "c", "kmsKeyArn": UNKNOWN, "productionVariants": [variant(tenant.model)]}
    )
    preview.register(kinds.ENDPOINT, "e", {"name": "new", "endpointConfigName": "c"})

    preview.delete(kinds.KEY, "key", "1234", {})

    assert [one.outcome for one in preview.report.found] == ["undecided"]


def test_a_run_without_guarded_changes_asks_aws_nothing(preview: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Registrations alone make no client."""
    monkeypatch.setattr(Account, "client", lambda *_: pytest.fail("AWS was asked"))

    preview.register(kinds.KEY, "k", {})
    preview.register(kinds.ENDPOINT, "e", {"name": "e", "endpointConfigName": "c"})
    preview.update(kinds.KEY, "k", "1", {"tags": {}}, {"tags": {"a": "b"}})

    assert preview.report.found == []
