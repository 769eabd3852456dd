"""What the pack `holdfast-endpoint-integrity` weighs, and how much."""

from __future__ import annotations

from typing import Final

NAME: Final = "holdfast-endpoint-integrity"
DESCRIPTION: Final = "What SageMaker endpoints need stays, so that AWS can patch and repair them."
LEVELS: Final = {
    "model-images-are-pinned-by-digest": "mandatory",
    "immutable-resources-are-created-before-deleted": "mandatory",
    "endpoint-keys-stay-enabled": "mandatory",
    "endpoint-keys-are-held": "mandatory",
    "endpoint-buckets-are-held": "mandatory",
    "execution-roles-keep-model-permissions": "mandatory",
    "artifacts-do-not-expire": "mandatory",
    "private-registry-models-are-in-a-vpc": "mandatory",
    "registry-credentials-come-from-a-function": "mandatory",
    "model-versions-are-pinned-by-digest": "mandatory",
    "models-come-from-approved-versions": "mandatory",
    "model-package-group-policies-name-accounts": "mandatory",
    "endpoints-roll-back-on-alarms": "advisory",
    "artifacts-are-not-overwritten": "advisory",
    "images-do-not-expire": "advisory",
    "endpoint-storage-is-encrypted": "advisory",
    "instance-types-come-from-recommendations": "disabled",
}
