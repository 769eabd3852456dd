"""How the account is read: in few calls, and never from an answer that may be out of date."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import Mock

import pytest

from guards import usage
from guards.errors import AccountUnknown
from guards.live import Account
from guards.usage import node

BEGIN = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/e"


class OneEndpoint:
    """An account with one endpoint, and the calls that were made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.account = Account(region="eu-west-1")
        self.account._identity = ("123456789012", "aws")
        self.now: dict[str, Any] = {
            "EndpointName": "e", "EndpointArn": ARN, "EndpointStatus": "InService", "CreationTime": BEGIN,
            "LastModifiedTime": BEGIN,
        }  # fmt: skip
        self.configuration = "first"
        self.client = Mock()
        self.client.get_paginator.return_value.paginate.side_effect = lambda **_: [{"Endpoints": [dict(self.now)]}]
        self.client.describe_endpoint.side_effect = self.describe
        self.client.describe_endpoint_config.side_effect = lambda **asked: {
            **asked, "EndpointConfigArn": "arn", "ProductionVariants": []
        }  # fmt: skip
        monkeypatch.setitem(self.account._clients, "sagemaker", self.client)

    def describe(self, **_: Any) -> dict[str, Any]:
        return {**self.now, "EndpointConfigName": self.configuration}

    def used(self) -> set[str]:
        """The configurations that the endpoint uses, as the graph says."""
        return {one.identity for one in self.account.graph().nodes(usage.CONFIGURATION)}


@pytest.fixture
def one(monkeypatch: pytest.MonkeyPatch) -> OneEndpoint:
    return OneEndpoint(monkeypatch)


def test_an_endpoint_that_was_not_modified_is_described_once(one: OneEndpoint) -> None:
    """However often the account is read; a list of a hundred a page says so."""
    assert [one.used(), one.used(), one.used()] == [{"first"}] * 3
    assert one.client.describe_endpoint.call_count == 1
    one.client.get_paginator.return_value.paginate.assert_called_with(MaxResults=100)


@pytest.mark.parametrize(
    "change",
    [
        {"LastModifiedTime": BEGIN + dt.timedelta(milliseconds=1)},
        {"EndpointStatus": "Updating"},
        {"CreationTime": BEGIN + dt.timedelta(milliseconds=1)},
    ],
    ids=["modified", "updating", "made anew"],
)
def test_one_that_was_modified_is_described_again(change: dict[str, Any], one: OneEndpoint) -> None:
    """Each thing by itself that its entry in the list shows."""
    assert one.used() == {"first"}
    one.now |= change
    one.configuration = "second"

    assert one.used() == {"second"}


def test_one_that_is_being_updated_is_described_each_time(one: OneEndpoint) -> None:
    """What a list says of it stays the same until the update is done."""
    one.now["EndpointStatus"] = "Updating"
    assert one.used() == {"first"}
    one.configuration = "second"

    assert one.used() == {"second"}


def test_what_is_just_being_read_is_waited_for(one: OneEndpoint) -> None:
    """Eight hooks that ask for the same at once make one call, and get one answer."""
    entered, go_on = threading.Event(), threading.Event()
    calls = []

    def read() -> str:
        calls.append(1)
        entered.set()
        assert go_on.wait(10)
        return "answer"

    asking = threading.Barrier(8)

    def ask() -> str:
        asking.wait(10)
        return str(one.account.remembered("k", "x", read=read))

    with ThreadPoolExecutor(8) as hooks:
        first = hooks.submit(one.account.remembered, "k", "x", read=read)
        assert entered.wait(10)
        others = [hooks.submit(ask) for _ in range(7)]
        asking.wait(10)
        go_on.set()

        assert {each.result(10) for each in [first, *others]} == {"answer"}
    assert len(calls) == 1


def test_what_could_not_be_read_is_unknown_to_all_who_waited_and_asked_again(one: OneEndpoint) -> None:
    """A refusal isn't remembered, and whoever waited isn't told that there is nothing."""
    entered, go_on = threading.Event(), threading.Event()

    def refuse() -> None:
        entered.set()
        assert go_on.wait(10)
        raise AccountUnknown("no")

    with ThreadPoolExecutor(2) as hooks:
        first = hooks.submit(one.account.remembered, "k", "x", read=refuse)
        assert entered.wait(10)
        second = hooks.submit(one.account.remembered, "k", "x", read=refuse)
        go_on.set()
        for each in (first, second):
            with pytest.raises(AccountUnknown):
                each.result(10)

    assert one.account.remembered("k", "x", read=lambda: "answer") == "answer"


def test_what_was_asked_before_everything_is_read_anew_is_not_the_answer_to_it(one: OneEndpoint) -> None:
    """A hook right before its act doesn't get what began to be read before it asked."""
    entered, go_on = threading.Event(), threading.Event()

    def old() -> str:
        entered.set()
        assert go_on.wait(10)
        return "old"

    with ThreadPoolExecutor(1) as hooks:
        before = hooks.submit(one.account.remembered, "k", "x", read=old)
        assert entered.wait(10)
        one.account.forget()

        assert one.account.remembered("k", "x", read=lambda: "new") == "new"
        go_on.set()
        assert before.result(10) == "old"
    assert one.account.remembered("k", "x", read=lambda: "newer") == "new"


def test_a_graph_has_the_endpoint_as_it_is_described(one: OneEndpoint) -> None:
    """Whether just described or known."""
    one.account.graph()

    assert one.account.graph().facts[node(usage.ENDPOINT, "e")]["live"]["EndpointConfigName"] == "first"
