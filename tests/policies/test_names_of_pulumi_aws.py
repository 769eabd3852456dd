"""Every type and property that rules read exists under this name in the installed pulumi-aws."""

from __future__ import annotations

from functools import cache
from importlib.metadata import files
from pathlib import Path

import pytest

from policies import tokens

PACKAGE = Path(str(next(file.locate() for file in files("pulumi-aws") or [] if file.name == "__init__.py"))).parent

TYPES = sorted(
    token
    for value in vars(tokens).values()
    for token in ((value,) if isinstance(value, str) else value if isinstance(value, tuple) else ())
    if token.startswith("aws:")
)

PROPERTIES = {
    "sagemaker": """primaryContainer containers imageConfig repositoryAccessMode repositoryAuthConfig
        repositoryCredentialsProviderArn modelDataUrl modelDataSource s3DataSources s3Uri additionalModelDataSources
        executionRoleArn vpcConfig securityGroupIds productionVariants shadowProductionVariants modelName instanceType
        enableSsmAccess coreDumpConfig kmsKeyArn kmsKeyId dataCaptureConfig destinationS3Uri asyncInferenceConfig
        outputConfig s3OutputPath s3FailurePath endpointConfigName deploymentConfig autoRollbackConfiguration""",
    "kms": "isEnabled targetKeyId keyId",
    "iam": "assumeRolePolicy inlinePolicies managedPolicyArns permissionsBoundary policyArn",
    "s3": "lifecycleRules objectSizeGreaterThan applyServerSideEncryptionByDefault kmsMasterKeyId",
}


@cache
def source(service: str) -> str:
    """All of one service's modules: importing them takes longer than reading them."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((PACKAGE / service).glob("*.py")))


@pytest.mark.parametrize("token", TYPES)
def test_a_type_token_is_one_of_pulumi_aws(token: str) -> None:
    """`BucketV2` and its like still exist in version 7; when they go, this says so."""
    service = token.partition(":")[2].partition("/")[0]

    assert f'type_token("{token}")' in source(service)


@pytest.mark.parametrize(("service", "name"), [(s, n) for s, names in PROPERTIES.items() for n in names.split()])
def test_a_property_is_called_so_by_pulumi_aws(service: str, name: str) -> None:
    """A rule that reads a misspelt property passes everything."""
    assert f'"{name}"' in source(service)
