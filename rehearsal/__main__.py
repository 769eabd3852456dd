"""`python -m rehearsal`: the `pulumi`-shaped command over the embedded engine (rehearsal/bin/pulumi calls it)."""

import sys

from rehearsal.command.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
