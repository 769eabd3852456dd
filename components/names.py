"""
Names: which ones SageMaker takes, and what is left of a long one as a logical name.

Models and endpoint configurations take the names that Pulumi generates: logical name, hyphen, seven hexadecimal digits.
SageMaker takes 63 characters (CreateModel, CreateEndpointConfig), so a logical name has room for 55.
"""

import hashlib
import re

LONGEST_NAME = 63
LONGEST_LOGICAL_NAME = LONGEST_NAME - len("-1234567")
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")  # the pattern of EndpointName and EndpointConfigName
_DIGITS = 8


def logical(name: str) -> str:
    """The name as it is, or shortened to 55 characters with a digest of the whole in the place of what is cut off."""
    if len(name) <= LONGEST_LOGICAL_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{name[: LONGEST_LOGICAL_NAME - _DIGITS - 1].rstrip('-')}-{digest}"


def check_logical(component: str, name: str) -> None:
    """Raise ValueError unless SageMaker will take the names that are generated from this logical name."""
    problems = []
    if len(name) > LONGEST_LOGICAL_NAME:
        problems.append(
            f"its logical name has {len(name)} characters; {LONGEST_LOGICAL_NAME} leave room for the generated suffix"
        )
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9-]*", name):
        problems.append("its logical name becomes a name in SageMaker: letters, digits and hyphens, no hyphen in front")
    if problems:
        raise ValueError(f"{component} {name!r}:\n" + "\n".join(f"  - {problem}" for problem in problems))
