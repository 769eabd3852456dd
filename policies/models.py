"""The parts of a SageMaker model and of an endpoint configuration that several rules read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_policy.proxy import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policies.reading import Block, Resource


def containers(model: Resource) -> list[Block]:
    """All containers: `primaryContainer`, or `containers` of an inference pipeline or a multi-container endpoint."""
    primary = model.properties.block("primaryContainer")
    return [*([primary] if primary is not None else []), *model.properties.blocks("containers")]


def variants(configuration: Resource) -> list[Block]:
    """All variants, the shadow ones too: SageMaker runs instances for both."""
    return [
        *configuration.properties.blocks("productionVariants"),
        *configuration.properties.blocks("shadowProductionVariants"),
    ]


def artifacts(container: Block) -> Iterator[tuple[Block, str]]:
    """
    Where a container's model data is named: a block and the property in it that holds the S3 URL.

    pulumi-aws fills in `modelDataSource` and `additionalModelDataSources` where the program leaves them out, so in the
    preview of a new model they are unknown as a whole. Beside a `modelDataUrl` that is taken for left out: CreateModel
    takes no ModelDataSource with a ModelDataUrl, and a program that gives more sources gives a list of them.
    """
    url = container.has("modelDataUrl")
    if not url and container.has("modelPackageName"):
        return  # what a version of the Model Registry is made of, only the account knows
    if url:
        yield container, "modelDataUrl"
    source = None if url and _unknown(container, "modelDataSource") else container.block("modelDataSource")
    more = "additionalModelDataSources"
    others = [] if url and _unknown(container, more) else container.blocks(more)
    for each in [*([source] if source is not None else []), *others]:
        for s3 in each.blocks("s3DataSources"):
            yield s3, "s3Uri"


def _unknown(block: Block, name: str) -> bool:
    return block.has(name) and known(block, name) is None


def known(block: Block, name: str) -> str | None:
    """A text where it is known, None where it isn't: for following references, never for judging."""
    try:
        return block.text(name)
    except UnknownValueError:
        return None
