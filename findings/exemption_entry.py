"""
What one entry of `exemptions.yaml` has to hold.

Place: apart from `findings/exemptions.py` because pydantic takes longer to import than a policy pack may take to start:
without an entry it isn't needed.
"""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

Text = Annotated[str, Field(min_length=1)]


class Entry(BaseModel):
    """Texts as the file has them; the date is read elsewhere, for a malformed one must not stop the others."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    rule: str = ""
    guard: str = ""
    resource: Text
    reason: Text
    owner: Text
    expires: Text

    @field_validator("resource")
    @classmethod
    def _names_something(cls, resource: str) -> str:
        if not resource.startswith("urn:") and re.search(r"[*?]", resource):
            raise ValueError("* and ? are for URNs; a name or an ARN is written in full")
        if not re.sub(r"^urn:(pulumi:)?|[*?:$]", "", resource):
            raise ValueError("it has to name something: a logical name, an ARN, or a URN in which * may stand")
        return resource

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.rule) == bool(self.guard):
            raise ValueError("an entry names a rule or a guard: one of both")
        return self


def wrong_in(values: dict[str, object]) -> tuple[str, str] | None:
    """The first key that is wrong (empty for the entry as a whole) and what is wrong with it; None when all is well."""
    try:
        Entry.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        words = {
            "missing": f"{key} is missing; an entry has rule (or guard), resource, reason, owner and expires",
            "extra_forbidden": f"{key} is no key of an entry; it has rule (or guard), resource, reason, owner, expires",
            "string_too_short": f"{key} is empty",
            "string_type": f"{key} is one text",
        }
        said = words.get(first["type"], first["msg"].removeprefix("Value error, "))
        return key, said if key in said or not key else f"{key}: {said}"
    return None
