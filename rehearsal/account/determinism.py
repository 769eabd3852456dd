"""Makes moto's work repeatable: virtual time, seeded randomness, and regions that come into being the same way always.

moto draws ids from one generator (`moto.moto_api._internal.mock_random`), in places from `os.urandom`, and takes dates
from the wall clock. What it can't be given is key material that the `cryptography` package draws by itself: asymmetric
KMS keys and EC2 key pairs differ after a replay.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, Any

# time_machine is also a plugin of pytest and imports it where it is installed; here that would cost a fifth of the
# start.
_without_pytest = "pytest" not in sys.modules
if _without_pytest:
    sys.modules["pytest"] = None  # type: ignore[assignment]
import time_machine  # noqa: E402

if _without_pytest:
    del sys.modules["pytest"]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The regions that the emulated account has. moto would ask botocore's endpoint data, which takes most of a second.
REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("ap-south-1", "ap-south-2", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
    *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "il-central-1", "me-south-1"),
    *("me-central-1", "af-south-1"),
)

_system_urandom = os.urandom


def _asked_by_moto() -> bool:
    """Whether it is a function of moto's that wants random bytes, itself or through `uuid`.

    Modules that draw some while they are imported must not count, nor what moto's core names its backends by: what was
    there before differs from run to run.
    """
    frame = sys._getframe(2)  # noqa: SLF001 - the only way to know who asks
    if frame.f_globals.get("__name__") == "uuid" and frame.f_back is not None:
        frame = frame.f_back
    asking = str(frame.f_globals.get("__name__", ""))
    return asking.startswith("moto.") and not asking.startswith("moto.core.") and frame.f_code.co_name != "<module>"


class Determinism:
    """Time and randomness of one account's process.

    Args:
        account: account id, part of every seed.
        birth: virtual time at which the account came into being.

    """

    def __init__(self, account: str, birth: float) -> None:
        self._account = account
        self.birth = birth
        # Digests of the regions' backends as they came into being, by service, account and region (see dump).
        self.pristine: dict[tuple[str, str, str], str] = {}
        self._travel = time_machine.travel(birth, tick=False)
        self._coordinates = self._travel.start()
        self._source: Random | None = None
        self._owner = 0
        os.urandom = self._urandom

    def stop(self) -> None:
        """Gives the process its own time and randomness back."""
        self._travel.stop()
        os.urandom = _system_urandom

    @contextmanager
    def seeded(self, seed: str, at: float) -> Iterator[None]:
        """Everything inside happens at the virtual time `at`, with randomness that `seed` determines."""
        from moto.moto_api._internal import mock_random

        state, source, owner = mock_random.getstate(), self._source, self._owner
        now = self._coordinates_time()
        mock_random.seed(f"{self._account}/{seed}")
        self._source, self._owner = Random(f"{self._account}/{seed}/bytes"), threading.get_ident()  # noqa: S311
        self._coordinates.move_to(at)
        try:
            yield
        finally:
            self._source, self._owner = source, owner
            mock_random.setstate(state)
            self._coordinates.move_to(now)

    @contextmanager
    def unseeded(self, at: float) -> Iterator[None]:
        """Everything inside happens at the virtual time `at`; its randomness is the system's (reads)."""
        from moto.moto_api._internal import mock_random

        mock_random.seed(int.from_bytes(_system_urandom(16), "big"))
        self._coordinates.move_to(at)
        yield

    def _coordinates_time(self) -> float:
        import time

        return time.time()

    def _urandom(self, size: int, /) -> bytes:
        if self._source is not None and threading.get_ident() == self._owner and _asked_by_moto():
            return self._source.randbytes(size)
        return _system_urandom(size)

    def install(self) -> None:
        """Makes moto create every region's backend at the account's birth, whoever touches it first.

        A region's backend comes into being when somebody first asks for it, be it by reading: EC2's then has a default
        VPC with random ids. Created under a seed of its own, it is the same after a replay.
        """
        import boto3.session
        from moto.core.base_backend import AccountSpecificBackend

        original: Callable[..., Any] = AccountSpecificBackend.__getitem__
        determinism = self

        def getitem(backends: Any, region: str) -> Any:
            if region in backends.keys() or (region == "global" and "aws" in backends.keys()):  # noqa: SIM118
                return original(backends, region)
            from rehearsal.account.dump import digest_of

            name = (backends.service_name, backends.account_id, region)
            with determinism.seeded("/".join(name), determinism.birth):
                backend = original(backends, region)
            determinism.pristine[name] = digest_of(backend)
            return backend

        def available_regions(_: Any, service_name: str, partition_name: str = "aws", **__: Any) -> list[str]:
            del service_name
            return list(REGIONS) if partition_name == "aws" else []

        AccountSpecificBackend.__getitem__ = getitem
        boto3.session.Session.get_available_regions = available_regions
