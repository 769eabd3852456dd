"""
Resolvers: each turns something that moves (a tag, the latest approved version) into the one thing that it means now.

`RESOLVERS` lists them by hand; the first that takes a text resolves it. One more is one more file and one more line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.errors import PipelineError
from pipeline.resolve import ecr, model_package, registry

if TYPE_CHECKING:
    from pipeline.resolve.resolver import Asking, Resolved, Resolver

RESOLVERS: Final[tuple[Resolver, ...]] = (model_package.resolver, ecr.resolver, registry.resolver)


def resolve(text: str, asking: Asking) -> Resolved:
    """
    What `text` means now.

    Raises:
        PipelineError: no resolver takes it, or the one that does can't resolve it.

    """
    for resolver in RESOLVERS:
        if resolver.takes(text):
            return resolver.resolve(text, asking)
    forms = "; ".join(resolver.form for resolver in RESOLVERS)
    raise PipelineError(f"{text!r} is nothing that can be resolved. There are: {forms}.")
