"""Random histories with kill -9 in between: the account that comes back is the one that was killed."""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING, Any

from account_world import World, put_configuration, put_ground, put_model, until
from botocore.exceptions import ClientError

from rehearsal.account.client import _alive

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = ("silent-roll-back", "visible-roll-back", "create-fails", "capacity-error", "slow-create", "throttling")
ANSWERS = ("ValidationException", "ThrottlingException", "RequestLimitExceeded")
STEPS, KILLS = 80, (40, 79)


class History:
    """Random steps on one account; what AWS refuses is part of the history."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.ground = put_ground(world, "history")
        put_model(world, self.ground, "first")
        put_configuration(world, "first", "first")
        world.sagemaker.create_endpoint(EndpointName="first", EndpointConfigName="first")
        self.models, self.configurations, self.endpoints = ["first"], ["first"], ["first"]

    def step(self, number: int) -> None:
        """One random operation; an EmulationFailure is none of AWS's answers and so an error."""
        try:
            self.random.choice(self._operations(number))()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ANSWERS:
                raise

    def _operations(self, number: int) -> list[Callable[[], Any]]:
        sagemaker, account, pick = self.world.sagemaker, self.world.account, self.random.choice
        name = f"n{number}"
        return [
            lambda: (put_model(self.world, self.ground, name), self.models.append(name)),
            lambda: (put_configuration(self.world, name, pick(self.models)), self.configurations.append(name)),
            lambda: (
                put_configuration(self.world, name, pick(self.models), KmsKeyId=self.ground["key"]),
                self.configurations.append(name),
            ),
            lambda: (
                sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=pick(self.configurations)),
                self.endpoints.append(name),
            ),
            lambda: sagemaker.update_endpoint(
                EndpointName=pick(self.endpoints),
                EndpointConfigName=pick(self.configurations),
                RetainAllVariantProperties=pick((True, False)),
            ),
            lambda: sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=pick(self.endpoints),
                DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": pick(range(1, 9))}],
            ),
            lambda: sagemaker.delete_endpoint(EndpointName=pick(self.endpoints)),
            lambda: sagemaker.delete_endpoint_config(EndpointConfigName=pick(self.configurations)),
            lambda: sagemaker.delete_model(ModelName=pick(self.models)),
            sagemaker.list_endpoints,
            lambda: account.advance(pick((10, 100, 300))),
            lambda: account.arm(pick(FAULTS)),
            lambda: account.patch(seconds=pick((0, 100))),
        ]


def test_a_killed_account_is_the_same_after_any_history(started: Callable[..., World]) -> None:
    """Resources, armed faults and virtual time, after each kill; most calls were no refusals."""
    history = History(started(), seed=7)
    compared = []
    for number in range(STEPS):
        history.step(number)
        if number in KILLS:
            account = history.world.account
            before = account.dump(), account.faults(), account.now()
            os.kill(account.pid, signal.SIGKILL)
            assert until(lambda pid=account.pid: not _alive(pid))
            history.world = started()
            account = history.world.account
            compared.append((before, (account.dump(), account.faults(), account.now())))

    assert len(compared) == len(KILLS)
    assert all(before == after for before, after in compared)
    assert history.world.account.health()["mutations"] > 30
