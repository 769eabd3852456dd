"""gRPC, and nothing but: the services a program talks to, and the clients for providers, packs and callbacks.

No decision about resources is taken here.
"""
