"""SageMaker: Model, EndpointConfiguration, Endpoint, ModelPackageGroup and its policy.

Sources: the SageMaker API reference (CreateModel, CreateEndpointConfig, CreateEndpoint, UpdateEndpoint and their
like) and, for what replaces what, Terraform's AWS provider, which pulumi-aws wraps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehearsal.provider.account import STEP
from rehearsal.provider.checking import find
from rehearsal.provider.described import AutoName, Limit, Resource, matches, unique_name, wait_for
from rehearsal.provider.refusals import AccountRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

TAGS = Tagging("sagemaker", "AddTags", "DeleteTags", "ListTags", "ResourceArn")
NAME = Limit(
    r"[0-9A-Za-z][0-9A-Za-z-]*",
    "may hold only letters, digits and hyphens, and may not begin with a hyphen",
    longest=63,
)
SOURCE = Limit(r"(https|s3)://.*", "must begin with s3:// or https://", longest=1024)
ENVIRONMENT_KEY = r"[A-Za-z_][A-Za-z0-9_]*"
LONGEST = 1024
IN_SERVICE_MINUTES = 60
PROPAGATION_SECONDS = 120


class Model(Resource):
    """An image, an artifact and a role; immutable."""

    token = "aws:sagemaker/model:Model"
    noun = "SageMaker Model"
    service = "sagemaker"
    auto_name = AutoName(limit=63)
    defaults = {"containers[].mode": "SingleModel", "primaryContainer.mode": "SingleModel"}
    limits = {
        "name": NAME,
        "primaryContainer.image": Limit(longest=255),
        "containers[].image": Limit(longest=255),
        "primaryContainer.modelDataUrl": SOURCE,
        "containers[].modelDataUrl": SOURCE,
        "primaryContainer.containerHostname": NAME,
        "containers[].containerHostname": NAME,
        "primaryContainer.mode": Limit(choices=("SingleModel", "MultiModel")),
        "containers[].mode": Limit(choices=("SingleModel", "MultiModel")),
        "vpcConfig.subnets": Limit(many=16),
        "vpcConfig.securityGroupIds": Limit(many=5),
    }
    replaces_all_but = ("tags", "inferenceExecutionConfig.mode")
    optional_computed = (
        "name",
        "inferenceExecutionConfig",
        "containers[].modelDataSource",
        "containers[].additionalModelDataSources",
        "primaryContainer.modelDataSource",
        "primaryContainer.additionalModelDataSources",
    )
    sets = ("vpcConfig.subnets", "vpcConfig.securityGroupIds")
    create_operation, read_operation, delete_operation = "CreateModel", "DescribeModel", "DeleteModel"
    id_parameter = "ModelName"
    renames = {"name": "ModelName", "arn": "ModelArn"}
    missing = (("ValidationException", ""), ("ResourceNotFound", ""))
    tagging = TAGS

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """Environment variables' names and values (CreateModel: EnvironmentMap)."""
        failures = []
        for place in ("primaryContainer.environment", "containers[].environment"):
            for path, environment in find(inputs, place):
                for key, value in environment.items():
                    if not matches(ENVIRONMENT_KEY, key) or len(key) > LONGEST:
                        failures.append(
                            (
                                path,
                                f'"{key}" is no name of a variable: letters, digits and _, not beginning with a digit',
                            )
                        )
                    elif isinstance(value, str) and len(value) > LONGEST:
                        failures.append(
                            (path, f'the value of "{key}" has {len(value)} characters, at most {LONGEST} are allowed')
                        )
        return failures

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateModel, repeated for two minutes of the account's time while the role isn't visible yet.

        Source: Terraform's provider repeats CreateModel for its propagation time-out on ValidationException. Here only
        the refusal that a new role causes is waited out, since no other goes away by itself.
        """
        waited = 0.0
        while True:
            try:
                return super().create(account, inputs)
            except AccountRefusal as refusal:
                if waited >= PROPAGATION_SECONDS or not refusal.says(
                    "ValidationException", words="could not assume role"
                ):
                    raise
            account.pass_time(STEP)
            waited += STEP


class EndpointConfiguration(Resource):
    """Which models run on which instances; immutable."""

    token = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
    noun = "SageMaker EndpointConfiguration"
    service = "sagemaker"
    auto_name = AutoName(limit=63, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    defaults = {
        "productionVariants[].initialVariantWeight": 1,
        "shadowProductionVariants[].initialVariantWeight": 1,
    }
    limits = {
        "name": NAME,
        "namePrefix": Limit(longest=37),
        "kmsKeyArn": Limit(r"arn:aws[\w-]*:kms:.*", "must be the ARN of a KMS key"),
        "productionVariants": Limit(few=1, many=10),
        "shadowProductionVariants": Limit(few=1, many=10),
        "dataCaptureConfig.captureOptions": Limit(few=1, many=2),
        "dataCaptureConfig.initialSamplingPercentage": Limit(least=0, most=100),
        "asyncInferenceConfig.clientConfig.maxConcurrentInvocationsPerInstance": Limit(least=1, most=1000),
        **{
            f"{variants}[].{path}": limit
            for variants in ("productionVariants", "shadowProductionVariants")
            for path, limit in {
                "initialInstanceCount": Limit(least=1),
                "initialVariantWeight": Limit(least=0),
                "volumeSizeInGb": Limit(least=1, most=512),
                "containerStartupHealthCheckTimeoutInSeconds": Limit(least=60, most=3600),
                "modelDataDownloadTimeoutInSeconds": Limit(least=60, most=3600),
                "serverlessConfig.memorySizeInMb": Limit(choices=(1024, 2048, 3072, 4096, 5120, 6144)),
                "serverlessConfig.maxConcurrency": Limit(least=1, most=200),
                "serverlessConfig.provisionedConcurrency": Limit(least=1, most=200),
                "managedInstanceScaling.maxInstanceCount": Limit(least=1),
                "managedInstanceScaling.minInstanceCount": Limit(least=0),
            }.items()
        },
    }
    replaces_all_but = ("tags",)
    optional_computed = (
        "name",
        "namePrefix",
        "productionVariants[].variantName",
        "productionVariants[].volumeSizeInGb",
        "shadowProductionVariants[].variantName",
    )
    create_operation, read_operation = "CreateEndpointConfig", "DescribeEndpointConfig"
    delete_operation, id_parameter = "DeleteEndpointConfig", "EndpointConfigName"
    renames = {"name": "EndpointConfigName", "arn": "EndpointConfigArn", "kmsKeyArn": "KmsKeyId"}
    missing = (("ValidationException", "could not find"), ("ResourceNotFound", ""))
    unread = ("namePrefix",)
    tagging = TAGS

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateEndpointConfig; a variant without a name gets a unique one."""
        values = {**inputs, "name": inputs.get("name") or unique_name(inputs.get("namePrefix", ""))}
        for kind in ("productionVariants", "shadowProductionVariants"):
            if values.get(kind):
                values[kind] = [self._variant(variant) for variant in values[kind]]
        account.call("sagemaker", "CreateEndpointConfig", **self.request(account, "CreateEndpointConfig", values))
        return str(values["name"])

    def _variant(self, variant: Properties) -> Properties:
        made = {**variant, "variantName": variant.get("variantName") or unique_name("variant-")}
        if made.get("modelName"):
            made["enableSsmAccess"] = bool(made.get("enableSsmAccess"))
        else:
            # With inference components the variant has no model yet, and AWS takes neither of these.
            made.pop("initialVariantWeight", None)
            made.pop("enableSsmAccess", None)
        return made

    def suppressed(self, path: str, state: Properties, news: Properties) -> bool:
        """A weight is of no account while the variant names no model."""
        if not path.endswith(".initialVariantWeight"):
            return False
        kind, _, rest = path.partition("[")
        variant = news[kind][int(rest.partition("]")[0])]
        return not variant.get("modelName")


class Endpoint(Resource):
    """The stable front: it moves from configuration to configuration by UpdateEndpoint."""

    token = "aws:sagemaker/endpoint:Endpoint"
    noun = "SageMaker Endpoint"
    service = "sagemaker"
    auto_name = AutoName(limit=63)
    defaults = {"deploymentConfig.blueGreenUpdatePolicy.terminationWaitInSeconds": 0}
    limits = {
        "name": NAME,
        "endpointConfigName": NAME,
        "deploymentConfig.autoRollbackConfiguration.alarms": Limit(few=1, many=10),
        "deploymentConfig.blueGreenUpdatePolicy.maximumExecutionTimeoutInSeconds": Limit(least=600, most=14400),
        "deploymentConfig.rollingUpdatePolicy.maximumExecutionTimeoutInSeconds": Limit(least=600, most=14400),
        "deploymentConfig.blueGreenUpdatePolicy.terminationWaitInSeconds": Limit(least=0, most=3600),
        "deploymentConfig.rollingUpdatePolicy.waitIntervalInSeconds": Limit(least=0, most=3600),
        "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.waitIntervalInSeconds": Limit(
            least=0, most=3600
        ),
        "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type": Limit(
            choices=("ALL_AT_ONCE", "CANARY", "LINEAR")
        ),
    }
    # A block: adding or removing it replaces, changing its alarms doesn't.
    replaces = ("name", "deploymentConfig.autoRollbackConfiguration", "region")
    optional_computed = ("name",)
    sets = ("deploymentConfig.autoRollbackConfiguration.alarms",)
    read_operation, id_parameter = "DescribeEndpoint", "EndpointName"
    renames = {"name": "EndpointName", "arn": "EndpointArn", "deploymentConfig": "LastDeploymentConfig"}
    missing = (("ValidationException", "could not find"), ("ResourceNotFound", ""))
    tagging = TAGS

    def check(self, inputs: Properties) -> list[tuple[str, str]]:
        """A deployment follows exactly one policy (CreateEndpoint: DeploymentConfig)."""
        deployment = inputs.get("deploymentConfig")
        if not isinstance(deployment, dict):
            return []
        given = [name for name in ("blueGreenUpdatePolicy", "rollingUpdatePolicy") if deployment.get(name) is not None]
        if len(given) == 1:
            return []
        return [("deploymentConfig", "exactly one of blueGreenUpdatePolicy and rollingUpdatePolicy must be set")]

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateEndpoint and a wait for InService; a failed one stays in the account without being in the state."""
        values = self._asked(account, "CreateEndpoint", inputs)
        if inputs.get("tags"):
            values["Tags"] = TAGS.written(inputs["tags"])
        account.call("sagemaker", "CreateEndpoint", **values)
        self._wait(account, str(inputs["name"]))
        return str(inputs["name"])

    def _asked(self, account: Account, operation: str, inputs: Properties) -> dict[str, Any]:
        wanted = {name: inputs[name] for name in ("name", "endpointConfigName", "deploymentConfig") if inputs.get(name)}
        return self.request_as(account, operation, wanted, {**self.renames, "deploymentConfig": "DeploymentConfig"})

    def _wait(self, account: Account, name: str) -> None:
        def look() -> tuple[str, dict[str, Any]]:
            found = self.describe(account, name)
            return found["EndpointStatus"], found

        # A roll-back that AWS ends InService, on the old configuration, ends this wait as a success: so does
        # pulumi-aws.
        wait_for(
            account,
            look,
            target={"InService"},
            pending={"Creating", "Updating", "SystemUpdating"},
            seconds=IN_SERVICE_MINUTES * 60,
            what=f"SageMaker Endpoint {name}",
        )

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeEndpoint; one that is Deleting counts as gone."""
        found = self.describe(account, id_)
        return None if found["EndpointStatus"] == "Deleting" else self.flatten(account, found)

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateEndpoint and a wait for InService."""
        if changed & {"endpointConfigName", "deploymentConfig"}:
            account.call("sagemaker", "UpdateEndpoint", **self._asked(account, "UpdateEndpoint", {**new, "name": id_}))
            self._wait(account, id_)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteEndpoint; it returns as soon as the account says Deleting, not when the endpoint is gone."""
        account.call("sagemaker", "DeleteEndpoint", EndpointName=id_)

        def look() -> tuple[str, dict[str, Any]]:
            try:
                found = self.describe(account, id_)
            except AccountRefusal as refusal:
                if self.gone(refusal):
                    return "gone", {}
                raise
            return found["EndpointStatus"], found

        pending = {"InService", "Creating", "Updating", "SystemUpdating", "RollingBack", "Failed", "OutOfService"}
        wait_for(
            account,
            look,
            target={"gone", "Deleting"},
            pending=pending,
            seconds=600,
            what=f"the deletion of endpoint {id_}",
        )
