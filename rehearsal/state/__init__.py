"""State: what a run leaves behind, in the shape that `pulumi stack import` takes.

`Snapshot` and `ResourceState` are the values in memory (secrets in clear, marked); `to_json`/`from_json`/`to_text` are
the deployment document; a `Crypter` does the secrets.
"""

from rehearsal.state.crypter import Crypter, PlaintextCrypter
from rehearsal.state.deployment import SUPPORTED_FEATURES, from_json, to_json, to_text
from rehearsal.state.integrity import verify
from rehearsal.state.resource import PendingOperation, ResourceState
from rehearsal.state.snapshot import ENGINE_VERSION, Manifest, Snapshot

__all__ = [
    "ENGINE_VERSION",
    "SUPPORTED_FEATURES",
    "Crypter",
    "Manifest",
    "PendingOperation",
    "PlaintextCrypter",
    "ResourceState",
    "Snapshot",
    "from_json",
    "to_json",
    "to_text",
    "verify",
]
