"""gRPC, and nothing but: the services a program talks to, and the clients for providers, packs and callbacks.

No decision about resources is taken here.
"""

import os

# gRPC's core reports every connection that the other side closes as news; it reads this once, when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
