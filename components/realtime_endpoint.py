"""A real-time endpoint: its stable front, the configuration behind it, and the alarm that rolls an update back."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import names, tags

VARIANT = "AllTraffic"
"""Name of the one variant. It never changes: with another name, SageMaker would ignore the deployment configuration."""

ALARM_PERIOD = 60  # seconds
ERROR_RATE = 0.01  # of the invocations of a period
BAKING = 300  # seconds in which the old fleet is kept and the alarm watches the new one


class RealtimeEndpointArgs(TypedDict):
    """What a RealtimeEndpoint is made from."""

    endpoint_name: str
    """The endpoint's own name, by which it is invoked: at most 63 letters, digits and hyphens. Never changes."""

    model_name: pulumi.Input[str]
    """Name of the model that serves."""

    instance_type: pulumi.Input[str]
    """As in `ml.m5.large`."""

    instance_count: pulumi.Input[int]
    """How many instances a release begins with, from 1."""

    ssm_access: pulumi.Input[bool]
    """Whether shells can be opened in the containers (EnableSSMAccess)."""

    ssm_access_tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """What says until when they can, and how it is logged: SsmAccess's `tags`."""

    recommendation: NotRequired[str | None]
    """Where the instance type comes from, for the configuration's tag holdfast:recommendation."""

    key_arn: pulumi.Input[str] | None
    """ARN of the KMS key that encrypts the instances' storage. Not taken for instances with local NVMe storage."""

    release_tags: Mapping[str, pulumi.Input[str]]
    """What says which release it is: its model's `tags`."""

    after: NotRequired[Sequence[pulumi.Resource]]
    """What has to be there before the endpoint and may go only after it: model, the role's rights, key, network."""


class RealtimeEndpoint(pulumi.ComponentResource):
    """
    An endpoint with one variant.

    SageMaker can't change a configuration: whatever changes in it (tags apart) makes a new one, to which the endpoint
    is updated in place (UpdateEndpoint, blue/green); the old one is deleted at the end of the run.
    The endpoint is never replaced. The roll-back block is there from the first day, because adding or removing it
    would replace the endpoint; should anything ever ask for that, it would be created before the old one is deleted,
    which SageMaker refuses as long as the name is taken: the run fails and the endpoint lives.
    """

    endpoint: aws.sagemaker.Endpoint
    """The endpoint itself."""

    configuration: aws.sagemaker.EndpointConfiguration
    """The configuration that it is to run on."""

    def __init__(self, name: str, args: RealtimeEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        names.check_logical("RealtimeEndpoint", name)
        super().__init__("holdfast:index:RealtimeEndpoint", name, {}, opts)
        release_tags = {
            **args["release_tags"],
            **args.get("ssm_access_tags", {}),
        }
        self.configuration = aws.sagemaker.EndpointConfiguration(
            name,
            production_variants=[
                {
                    "variant_name": VARIANT,
                    "model_name": args["model_name"],
                    "instance_type": args["instance_type"],
                    "initial_instance_count": args["instance_count"],
                    "initial_variant_weight": 1.0,
                    "enable_ssm_access": args["ssm_access"],
                }
            ],
            kms_key_arn=args["key_arn"],
            tags={**release_tags, **tags.of_recommendation(args.get("recommendation"))},
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False, depends_on=args.get("after")),
        )
        self.alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"More than {ERROR_RATE:.0%} of the invocations of {args['endpoint_name']} fail (5XX)",
            **error_rate(args["endpoint_name"]),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.endpoint = aws.sagemaker.Endpoint(
            name,
            name=args["endpoint_name"],
            endpoint_config_name=self.configuration.name,
            deployment_config={
                "blue_green_update_policy": {
                    "traffic_routing_configuration": {"type": "ALL_AT_ONCE", "wait_interval_in_seconds": 0},
                    "termination_wait_in_seconds": BAKING,
                },
                "auto_rollback_configuration": {"alarms": [{"alarm_name": self.alarm.name}]},
            },
            tags=release_tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=False, depends_on=args.get("after")),
        )
        self.register_outputs({"name": self.endpoint.name, "arn": self.endpoint.arn})


def error_rate(endpoint_name: str) -> dict[str, Any]:
    """
    The alarm's arguments: in any one minute, too many invocations of the variant ended in an error of the server's.

    The average of Invocation5XXErrors is the share of the invocations that failed (page: "Amazon SageMaker AI metrics
    in Amazon CloudWatch", endpoint invocation metrics). A minute without invocations is no reason to roll back.
    """
    return {
        "namespace": "AWS/SageMaker",
        "metric_name": "Invocation5XXErrors",
        "dimensions": {"EndpointName": endpoint_name, "VariantName": VARIANT},
        "statistic": "Average",
        "period": ALARM_PERIOD,
        "evaluation_periods": 1,
        "comparison_operator": "GreaterThanThreshold",
        "threshold": ERROR_RATE,
        "treat_missing_data": "notBreaching",
    }
