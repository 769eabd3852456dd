"""What AWS's own words mean where they don't say what to do: an explanation beside the error, never in its place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# AWS doesn't publish these words: whatever names SSM and the list, in whatever spelling, is taken for it.
NOT_ON_THE_LIST = r"ssm.{0,200}\b(allow|white)[- ]?list|\b(allow|white)[- ]?list.{0,200}ssm"
LOG_GROUP_EXISTS = r"log ?group.{0,200}already exists|ResourceAlreadyExistsException.{0,200}log ?group"
KEY_CLOSED_TO_LOGS = r"KMS key.{0,200}not allowed to be used|not allowed to be used.{0,200}KMS"
PRIVATE_NAME_TAKEN = r"conflicting DNS domain"
GROUP_EXISTS = r"Model Package Group already exists"
GROUP_NOT_EMPTY = r"Model Package Group.{0,200}not empty"

EXPLANATIONS: dict[str, str] = {
    NOT_ON_THE_LIST: """
        The account isn't on AWS's list for SSM access to containers, and SageMaker looks at that list when an endpoint
        is created or updated. An endpoint that there was stays on its old configuration, without SSM access. Ask AWS
        Support to put the account on the list; until then run `holdfast refresh`, and `holdfast up` with ssmAccess
        false, which also takes away what was made for it. (Page: Access containers through SSM, section Allowlist.)
        """,
    LOG_GROUP_EXISTS: """
        SageMaker makes an endpoint's log group by itself, without retention and key, when an endpoint starts before the
        stack has made one: this endpoint is older than the stack's stage development. Export what you need of the
        group, delete it, and run `holdfast up` again.
        """,
    KEY_CLOSED_TO_LOGS: """
        CloudWatch Logs may not use the KMS key of the setting `key` for the log of sessions. Let the service
        logs.<region>.amazonaws.com use it in its key policy (docs/ssm-access.md has the statement).
        """,
    PRIVATE_NAME_TAKEN: """
        The VPC already has an interface endpoint for this service. Set ssmAccessEndpoints to none, and let the
        containers' security groups out to it on port 443.
        """,
    GROUP_EXISTS: """
        The model package group is there already, from another stack or from one that was destroyed: groups with
        versions outlive their stacks. To register in it, name it in modelVersion.group and leave modelPackageGroup out.
        """,
    GROUP_NOT_EMPTY: """
        SageMaker deletes a model package group only when it has no versions left. Delete them first (`holdfast
        versions` lists them) if nobody is to deploy one again; or leave the group in the program.
        """,
}


def explain(texts: Iterable[str]) -> list[str]:
    """The explanations of what these texts (errors, findings) say, each once."""
    found = [
        " ".join(words.split())
        for text in texts
        for pattern, words in EXPLANATIONS.items()
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL)
    ]
    return list(dict.fromkeys(found))
