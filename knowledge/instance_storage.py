"""Which ML instance types have local NVMe storage, where SageMaker takes no KMS key for the storage volume.

Sources: CreateEndpointConfig, parameter KmsKeyId (SageMaker API reference): "You can't request a KmsKeyId when using an
instance type with local storage"; "Instance store volumes" of the EC2 instance families (Amazon EC2 User Guide).
"""

from __future__ import annotations

import re

_LOCAL_STORAGE = re.compile(
    r"^ml\.(?:"
    r"[a-z]+\d+[a-z]*d[a-z]*"  # the letter d behind the generation: m5d, c6gd, r6id, g4dn, p3dn, p4d, p4de
    r"|g5|g6|g6e|gr6|g6f|gr6f|g7e|p5|p5e|p5en|p6-[a-z0-9]+|trn1|trn1n|trn2|trn2n"
    r"|i\d[a-z]*|im4gn|is4gen|d\d[a-z]*"
    r")\."
)


def has_local_storage(instance_type: str) -> bool:
    """Whether an instance type (`ml.g5.xlarge`) brings local NVMe storage, encrypted by hardware with its own key."""
    return bool(_LOCAL_STORAGE.match(instance_type))
