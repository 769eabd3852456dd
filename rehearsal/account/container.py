"""Runs a model container's entry point outside any container, and ends when the account does.

`python -P container.py <script> [arguments]`: the account holds the other end of this process's standard input. When
the account ends, however it ends, that input closes and this process goes too. This file imports nothing of the
project: what runs in it is the image's code.
"""

import os
import runpy
import sys
import threading


def _end_with_the_account() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    script, *arguments = sys.argv[1:]
    threading.Thread(target=_end_with_the_account, daemon=True).start()
    sys.argv = [script, *arguments]
    sys.path.insert(0, os.path.dirname(script))
    runpy.run_path(script, run_name="__main__")
