"""Channels: how every connection is dialled."""

from __future__ import annotations

import grpc

OPTIONS = [
    ("grpc.max_receive_message_length", 400 * 1024 * 1024),
    ("grpc.max_send_message_length", 400 * 1024 * 1024),
    ("grpc.max_metadata_size", 16 * 1024 * 1024),
    ("grpc.absolute_max_metadata_size", 16 * 1024 * 1024),
    ("grpc.enable_http_proxy", 0),
]
"""
The limits of Pulumi and of gRPC in Go: an initialisation error carries all outputs in its metadata.

A proxy has no business between processes of one machine.
"""


def dial(target: str) -> grpc.Channel:
    """A channel to a process of this machine."""
    return grpc.insecure_channel(target, options=OPTIONS)


def details(error: grpc.RpcError) -> str:
    """What the other side said of an error."""
    return str(error.details() or error.code().name)
