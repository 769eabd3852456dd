"""
Endpoints roll a deployment back when an alarm goes off.

Avoid
    Endpoint("decision-trees", endpoint_config_name=configuration.name)

Prefer
    Endpoint("decision-trees", endpoint_config_name=configuration.name,
             deployment_config={"auto_rollback_configuration": {"alarms": [{"alarm_name": errors.name}]}, ...})

Why
    Without an alarm a deployment counts as good as soon as the new instances answer the health check, however many
    requests fail. Have the block from the first day: pulumi-aws replaces an endpoint to which it is added later.

Not covered
    Whether the alarms are the right ones. Serverless endpoints, which have no such deployments, are reported as well:
    exempt them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policies.rule import ResourceRule
from policies.tokens import ENDPOINT

if TYPE_CHECKING:
    from policies.reading import Resource
    from policies.verdict import Verdict


def judge(endpoint: Resource, verdict: Verdict) -> None:
    """Count the alarms; their names need not be known."""
    deployment = endpoint.properties.block("deploymentConfig")
    rollback = deployment.block("autoRollbackConfiguration") if deployment is not None else None
    if rollback is None or not rollback.count("alarms"):
        verdict.violated(
            endpoint,
            "deploymentConfig.autoRollbackConfiguration names no alarm; a deployment that answers its health check but "
            "fails requests stays.",
        )


rule = ResourceRule(
    name="endpoints-roll-back-on-alarms",
    title="Endpoints roll a deployment back when an alarm goes off.",
    severity="medium",
    concern="endpoint integrity",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html",
    remedy="Name 1 to 10 CloudWatch alarms in deploymentConfig.autoRollbackConfiguration when the endpoint is created; "
    "adding the block to one that exists replaces it.",
    types=(ENDPOINT,),
    judge=judge,
)
