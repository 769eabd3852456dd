"""`python -m rehearsal.prefork <number of a listening socket> [eager]`: the server."""

from rehearsal.prefork.server import main

main()
