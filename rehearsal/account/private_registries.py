"""
What SageMaker needs to pull an image from a private Docker registry: network, function, secret, and the way to Lambda.

Looked at are the account's own resources. The registry lies outside the account, and whether it answers isn't judged.
Source: "Use a Private Docker Registry for Real-Time Inference Containers" (SageMaker Developer Guide); the sentences
are the emulation's own (docs/unverified.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rehearsal.account import authorisation
from rehearsal.account.errors import Refusal, invalid
from rehearsal.account.functions import unreadable
from rehearsal.account.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rehearsal.account.calls import Call
    from rehearsal.account.functions import Functions
    from rehearsal.account.holdings import Holdings

SECRET_ARN = re.compile(r"^arn:[a-z-]+:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:.+$")


def provider_of(container: Mapping[str, Any]) -> str | None:
    """ARN of the function that tells a container's registry's credentials, when it is pulled by way of a VPC."""
    config = container.get("ImageConfig") or {}
    if config.get("RepositoryAccessMode") != "Vpc":
        return None
    found = (config.get("RepositoryAuthConfig") or {}).get("RepositoryCredentialsProviderArn")
    return str(found) if found else None


def ask_providers(functions: Functions, call: Call) -> Refusal | None:
    """
    Calls, as CreateModel does, the functions that tell the credentials; a refusal when one doesn't.

    A function that isn't there is left to `examine`. Only the form of the answer is looked at, and nothing of it kept.
    """
    parameters = call.parameters
    containers = [parameters.get("PrimaryContainer"), *(parameters.get("Containers") or [])]
    for arn in dict.fromkeys(provider_of(one) for one in containers if isinstance(one, dict)):
        if arn is None:
            continue
        try:
            outcome = functions.run(functions.found(arn, call.region), b"{}", call.environ["HTTP_HOST"])
        except Refusal:
            continue
        said = f'Could not get credentials for the private registry from the Lambda function "{arn}"'
        if outcome.failure is not None:
            kind, words = outcome.failure.get("errorType"), outcome.failure.get("errorMessage")
            return invalid(f"{said}: it failed ({kind}: {words}).")
        if not _told(outcome.value):
            form = '{"Credentials": {"Username": "...", "Password": "..."}}'
            return invalid(f"{said}: its answer hasn't the form {form}.")
    return None


def _told(value: Any) -> bool:
    found = value.get("Credentials") if isinstance(value, dict) else None
    return isinstance(found, dict) and all(
        isinstance(found.get(name), str) and found[name] for name in ("Username", "Password")
    )


def examine(
    holdings: Holdings, container: Mapping[str, Any], vpc: Mapping[str, Any], role: Any | None, region: str
) -> Iterator[Problem]:
    """What is missing for pulling a container's image; `vpc` is the model's VpcConfig, `role` its execution role."""
    config = container.get("ImageConfig") or {}
    if config.get("RepositoryAccessMode") != "Vpc":
        return
    image = str(container.get("Image", ""))
    if not vpc.get("Subnets") or not vpc.get("SecurityGroupIds"):
        yield Problem("network", image, f'Image "{image}" with Vpc repository access mode needs a VpcConfig.')
        return
    arn = provider_of(container)
    if arn is None:
        return
    function = holdings.function(arn, region)
    if function is None:
        yield Problem("function", arn, f'Could not find the Lambda function "{arn}" for credentials of "{image}".')
        return
    if role is not None:
        decision = authorisation.authorise(role, "lambda:InvokeFunction", arn)
        if not decision.allowed:
            words = f'The role "{role.arn}" may not invoke the Lambda function "{arn}"'
            yield Problem("permission", "lambda:InvokeFunction", f"{words} ({decision.reason}).")
    yield from _way(holdings, vpc, region)
    yield from _secrets(holdings, function, arn)


def _way(holdings: Holdings, vpc: Mapping[str, Any], region: str) -> Iterator[Problem]:
    """An interface endpoint of Lambda in the VPC, or a default route that needs no public address."""
    for subnet in vpc.get("Subnets") or []:
        found = holdings.subnet(subnet, region)
        if found is None or holdings.interface_endpoint(found.vpc_id, f"com.amazonaws.{region}.lambda", region):
            continue
        if not holdings.leads_out(subnet, found.vpc_id, region):
            words = f"{found.vpc_id} has no way to lambda.{region}.amazonaws.com from {subnet}"
            yield Problem("VPC endpoint", found.vpc_id, f"{words}: no interface endpoint and no route to the internet.")
            return


def _secrets(holdings: Holdings, function: Any, arn: str) -> Iterator[Problem]:
    """The secrets that the function's variables name are there, and its role can read them."""
    role = holdings.role(function.role)
    if role is None or not authorisation.trusts(role, "lambda.amazonaws.com"):
        yield Problem("role", function.role, f'The Lambda function "{arn}" can\'t assume its role "{function.role}".')
        return
    for value in function.environment_vars.values():
        named = SECRET_ARN.match(str(value))
        if named is None:
            continue
        secret = holdings.secret(value, named["region"])
        if secret is None:
            yield Problem("secret", value, f'The secret "{value}" that the Lambda function "{arn}" reads is gone.')
        elif why := unreadable(holdings, function.role, value, named["region"]):
            yield Problem("permission", value, f'The Lambda function "{arn}" can\'t read the secret "{value}" ({why}).')
