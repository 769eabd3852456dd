"""Starts a Pulumi program: run as a script by the program's own interpreter, with nothing of the rehearsal in reach.

Takes the arguments and the environment that Pulumi's language host gives its own starter, and ends with the same exit
statuses: 0, 1 after an error that the SDK raised, 32 after an error that has been shown.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

SHOWN = 32


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
