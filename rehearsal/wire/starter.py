"""Starts a Pulumi program: run as a script by the program's own interpreter, with nothing of the rehearsal in reach.

Takes the arguments and the environment that Pulumi's language host gives its own starter, and ends with the same exit
statuses: 0, 1 after an error that the SDK raised, 32 after an error that has been shown.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

SHOWN = 32
_SELDOM = (50_000, 20, 20)
"""How many new objects let Python look for circles: what a program declares stays until it ends."""
_PARTS, _MOMENT = 8, 0.05
"""Of what is outstanding, and seconds: see `Outstanding`."""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Run a Pulumi program")
    for name in (
        "monitor",
        "engine",
        "project",
        "stack",
        "organization",
        "root_directory",
        "pwd",
        "dry_run",
        "parallel",
    ):
        parser.add_argument(f"--{name}")
    parser.add_argument("program")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args()


def own_traceback(error: BaseException, program: str) -> str:
    """The traceback from the program's first own frame on; all of it when no frame is the program's."""
    directory = program if os.path.isdir(program) else os.path.dirname(program)
    trace = error.__traceback__
    while trace is not None and not trace.tb_frame.f_code.co_filename.startswith(directory + os.sep):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


class Outstanding:
    """`asyncio` for the SDK's `wait_for_rpcs`, with a `wait` that costs what came meanwhile, not what is outstanding.

    The SDK waits anew for all that is outstanding whenever one thing is done: thousands, hundreds of times. Here it
    hears of what is done when it is a good part of the whole, or a moment has gone by; of what failed at once.
    """

    def __init__(self) -> None:
        self._watched: set[asyncio.Future[Any]] = set()
        self._woken: asyncio.Future[None] | None = None
        self._moment: asyncio.TimerHandle | None = None
        self._enough = 1

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    def _is_done(self, future: asyncio.Future[Any]) -> None:
        self._watched.discard(future)
        self._enough -= 1
        if self._enough <= 0 or future.cancelled() or future.exception() is not None:
            self._wake()
        elif self._moment is None:
            self._moment = asyncio.get_running_loop().call_later(_MOMENT, self._wake)

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    async def wait(self, futures: Any, **how: Any) -> Any:
        """As `asyncio.wait`."""
        wanted = set(futures)
        new = wanted - self._watched
        if how != {"return_when": asyncio.FIRST_COMPLETED} or not all(map(asyncio.isfuture, new)):
            return await asyncio.wait(futures, **how)
        if self._moment is not None:
            self._moment.cancel()
            self._moment = None
        self._enough = len(wanted) // _PARTS
        self._woken = asyncio.get_running_loop().create_future()
        self._watched |= new
        for future in new:
            future.add_done_callback(self._is_done)
        await self._woken
        done = {future for future in wanted if future.done()}
        return done, wanted - done


def has_main(program: str) -> bool:
    """Whether there is anything to run."""
    return os.path.isfile(program) or os.path.isfile(os.path.join(program, "__main__.py"))


def run(program: str) -> None:
    """Run the program as if it had been started itself."""
    runpy.run_path(program, run_name="__main__")


def main() -> int:
    """Run the program to its end; returns the exit status."""
    args = arguments()
    try:
        import pulumi
        import pulumi.runtime
    except ImportError as e:
        print(  # noqa: T201
            f"{e}: the Pulumi SDK isn't installed for {sys.executable}; run pip install -r requirements.txt",
            file=sys.stderr,
        )
        return 1
    # The SDK tells the engine of each of its doings in a call of its own, for those who ask for --debug.
    pulumi.log.debug = lambda *_args, **_more: None
    runtime = pulumi.runtime
    runtime.stack.asyncio = Outstanding()  # type: ignore[attr-defined,assignment]
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    runtime.set_all_config(runtime.get_config_env(), runtime.get_config_secret_keys_env())
    parallel = int(args.parallel)
    runtime.configure(
        runtime.Settings(
            project=args.project, stack=args.stack, monitor=args.monitor, engine=args.engine, parallel=parallel,
            dry_run=args.dry_run == "true", organization=args.organization, root_directory=args.root_directory,
        )
    )  # fmt: skip
    sys.argv = [args.program, *args.arguments]
    os.chdir(args.pwd)
    program = os.path.abspath(args.program)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max(parallel, 1) * 4)
    loop.set_default_executor(executor)
    # A program that fails leaves futures nobody looks at; asyncio's complaints about them would bury the reason.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        if not has_main(program):
            pulumi.log.error(f"unable to find the program: {program} is no file and holds no __main__.py")
            return SHOWN
        loop.run_until_complete(runtime.run_in_stack(lambda: run(args.program)))
    except pulumi.RunError as e:
        pulumi.log.error(str(e))
        return 1
    except Exception as e:  # noqa: BLE001
        pulumi.log.error("Program failed with an unhandled exception:\n" + own_traceback(e, program))
        return SHOWN
    finally:
        executor.shutdown(wait=True)
        loop.close()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
