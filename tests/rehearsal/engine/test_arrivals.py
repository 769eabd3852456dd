"""Outputs that came before a registration are in the engine's hands before it."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

from rehearsal.wire import arrivals
from rehearsal.wire.arrivals import Arrivals


def come(order: Arrivals, method: str) -> object:
    """A call arrives, and gRPC looks for who answers it."""
    return order.intercept_service(
        lambda details: details.method, SimpleNamespace(method=f"/pulumirpc.Monitor/{method}")
    )


def test_a_registration_waits_for_outputs_that_came_before_it() -> None:
    """Whichever thread is faster; other calls hold nothing up."""
    order, began = Arrivals(), threading.Event()
    assert come(order, "RegisterResource") == "/pulumirpc.Monitor/RegisterResource"
    order.wait()
    come(order, "RegisterResourceOutputs")
    registration = threading.Thread(target=lambda: (order.wait(), began.set()))
    registration.start()

    assert not began.wait(0.2)
    order.handed_on()
    assert began.wait(10)
    registration.join()


def test_a_call_that_is_cut_off_does_not_hold_the_others_up() -> None:
    """Its handler never runs."""
    order = Arrivals()
    come(order, "RegisterResourceOutputs")
    began = time.monotonic()
    order.wait()

    assert time.monotonic() - began < 10 * arrivals._MOST_SECONDS
