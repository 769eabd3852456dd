"""Faults that lie about what happened: lost answers, what isn't visible yet, functions that fail."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest
from account_world import World, put_configuration, put_ground, put_model
from botocore.exceptions import ClientError, ConnectionClosedError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_lost_response_leaves_what_was_done(started: Callable[..., World]) -> None:
    """The call is carried out and journalled, the caller hears nothing, and the next call is answered."""
    world = started()
    world.account.arm("lost-response")
    with pytest.raises(ConnectionClosedError):
        world.sagemaker.create_model_package_group(ModelPackageGroupName="g")
    world.account.stop()
    again = started()

    assert again.sagemaker.describe_model_package_group(ModelPackageGroupName="g")["ModelPackageGroupName"] == "g"


def test_what_is_not_visible_yet_is_refused_once(world: World) -> None:
    """A new role, and a new configuration, are refused in SageMaker's words; the second try goes through."""
    ground = put_ground(world, "eventual")
    world.account.arm("role-not-visible")
    with pytest.raises(ClientError, match="Could not assume role"):
        put_model(world, ground, "eventual")
    put_model(world, ground, "eventual")
    put_configuration(world, "eventual", "eventual")
    world.account.arm("eventual-consistency")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        world.sagemaker.create_endpoint(EndpointName="eventual", EndpointConfigName="eventual")

    assert world.sagemaker.create_endpoint(EndpointName="eventual", EndpointConfigName="eventual")["EndpointArn"]


def test_a_failing_function_answers_with_its_error(world: World) -> None:
    """failing-lambda: Invoke succeeds and says that the function failed; the next run is a good one."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("code.py", "def handler(event, context):\n    return {'said': event['word']}\n")
    role = put_ground(world, "failing")["role"]
    client = world.client("lambda")
    client.create_function(
        FunctionName="f", Runtime="python3.12", Role=role, Handler="code.handler", Code={"ZipFile": packed.getvalue()}
    )
    world.account.arm("failing-lambda")
    failed = client.invoke(FunctionName="f", Payload=b'{"word": "a"}')
    good = client.invoke(FunctionName="f", Payload=b'{"word": "b"}')

    assert failed["FunctionError"] == "Unhandled"
    assert "Runtime.ExitError" in failed["Payload"].read().decode()
    assert json.loads(good["Payload"].read()) == {"said": "b"}
