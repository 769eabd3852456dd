"""`python -m rehearsal`: the `pulumi`-shaped command over the embedded engine (rehearsal/bin/pulumi calls it)."""

import gc
import sys

from rehearsal.command.main import main

if __name__ == "__main__":
    # What a run makes stays until its end: looking for circles less often takes a twentieth off a run of hundreds.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    sys.exit(main(sys.argv[1:]))
