"""
What lies between SageMaker and a private Docker registry: the credentials, who tells them, the way through the VPC.

Sources: "Use a Private Docker Registry for Real-Time Inference Containers" (SageMaker Developer Guide,
your-algorithms-containers-inference-private); "Configuring interface VPC endpoints for Lambda" (Lambda Developer
Guide).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import credentials_provider, names
from components.account import Account, ask
from components.encryption_key import existing_key_arn
from components.network import HTTPS
from components.registry_settings import INTERNET
from components.session_manager_endpoints import Ways
from knowledge.interface_endpoints import REGISTRIES, SERVES_TAG
from knowledge.permissions import Need, document_of

RUNTIME = "python3.13"
TIMEOUT = 15  # seconds; the function's own calls are bounded below that
RECOVERY = 7  # days in which a deleted secret can be brought back; the least that DeleteSecret takes
ANYWHERE = "0.0.0.0/0"
AWS_OWNED = "alias/aws/secretsmanager"


class PrivateRegistryArgs(TypedDict):
    """What a PrivateRegistry is made from."""

    account: Account
    """Where the endpoint lives."""

    authentication: Literal["none", "basic", "bearer"]
    """How the registry lets SageMaker in. With `none` there is neither secret nor function."""

    secret_arn: NotRequired[str | None]
    """Full ARN of the secret that keeps the credentials; None makes one of `credentials`."""

    credentials: NotRequired[pulumi.Input[str] | None]
    """JSON with `username` and `password`, for a secret of the stack's own. Kept secret in the state."""

    key_arn: NotRequired[pulumi.Input[str] | None]
    """ARN of the KMS key for that secret; None leaves it to AWS's own key."""

    ways: Ways
    """What is known of the model's subnets: their VPC, one subnet a zone, and whether a way leads out of them."""

    security_group_ids: Sequence[pulumi.Input[str]]
    """The model's security groups."""

    network: NotRequired[str | None]
    """Where the registry lies: the id of its security group, its addresses (CIDR), or `internet`."""

    ports: NotRequired[Sequence[int]]
    """The ports at which the registry, and its token server, are asked; 443 unless given."""

    lambda_endpoint: NotRequired[Literal["private-dns", "manual", "existing"]]
    """How the VPC reaches Lambda: an endpoint with a private DNS name, one without, or one that is there already."""

    group_rules: NotRequired[bool]
    """Whether rules are made on the groups; true unless told otherwise."""


class PrivateRegistry(pulumi.ComponentResource):
    """
    A private Docker registry, as SageMaker gets into it.

    Another secret, or other code, makes a **new** function beside the old one (and a new role policy for it), so a
    model never finds the function that it names changed or gone; the old ones are deleted after the endpoint has moved.
    A new password in the same secret changes nothing here: the function reads it at each call.
    """

    function_arn: pulumi.Output[str] | None
    """ARN of the credentials provider, for RepositoryCredentialsProviderArn; None without authentication."""

    secret_arn: pulumi.Input[str] | None
    """ARN of the secret that it reads."""

    lambda_dns_name: pulumi.Output[str] | None
    """The interface endpoint's own DNS name, to which `manual` wants lambda.<region>.amazonaws.com mapped."""

    def __init__(self, name: str, args: PrivateRegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("holdfast:index:PrivateRegistry", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        if args.get("network") == INTERNET and not args["ways"].out:
            raise pulumi.RunError(
                "The image's registry is on the internet (setting registry.network), and not every one of the model's "
                "subnets has a default route that leads out without a public address (a NAT gateway, say). Add one, or "
                "name other subnets. Nothing was changed."
            )
        self.function_arn = self.secret_arn = self.lambda_dns_name = None
        if args["authentication"] != "none":
            self._make_function()
            if args.get("lambda_endpoint", "private-dns") != "existing":
                self._make_lambda_endpoint()
        if args.get("network") and args.get("group_rules", True):
            self._make_rules_to_the_registry(str(args["network"]))
        self.register_outputs({"functionArn": self.function_arn, "lambdaDnsName": self.lambda_dns_name})

    def stack_outputs(self) -> dict[str, pulumi.Output[str]]:
        """What a stack should export of it."""
        known = {"credentialsProviderArn": self.function_arn, "lambdaEndpointDnsName": self.lambda_dns_name}
        return {name: value for name, value in known.items() if value}

    def _own(self, suffix: str) -> str:
        return names.logical(f"{self._name}-{suffix}")  # Lambda and IAM take 64 characters with the generated ones

    # --- who tells the credentials ------------------------------------------------------------------------------

    def _make_function(self) -> None:
        secret_arn, key_arn, stored = self._secret()
        account = self._args["account"]
        beside = pulumi.ResourceOptions(parent=self, delete_before_replace=False)
        self.role = aws.iam.Role(
            self._own("registry"),
            description=f"Assumed by the function that tells the registry's credentials for {self._name}",
            assume_role_policy=json.dumps(trust_document()),
            opts=self._child,
        )
        rights = aws.iam.RolePolicy(
            self._own("registry"),
            role=self.role.name,
            policy=pulumi.Output.all(secret_arn, key_arn).apply(
                lambda known: json.dumps(provider_document(account, known[0], known[1]))
            ),
            opts=pulumi.ResourceOptions.merge(beside, pulumi.ResourceOptions(replace_on_changes=["policy"])),
        )
        code = Path(credentials_provider.__file__).read_text(encoding="utf-8")
        self.function = aws.lambda_.Function(
            self._own("registry"),
            description=f"Tells SageMaker the registry's credentials for {self._name}",
            role=self.role.arn,
            runtime=RUNTIME,
            handler="credentials_provider.handler",
            code=pulumi.AssetArchive({"credentials_provider.py": pulumi.StringAsset(code)}),
            timeout=TIMEOUT,
            environment={"variables": {credentials_provider.SECRET: secret_arn}},
            opts=pulumi.ResourceOptions.merge(
                beside,
                pulumi.ResourceOptions(
                    replace_on_changes=["code", "environment", "handler"], depends_on=[rights, *stored]
                ),
            ),
        )
        self.function_arn = self.function.arn
        self.secret_arn = secret_arn

    def _secret(self) -> tuple[pulumi.Input[str], pulumi.Input[str] | None, list[pulumi.Resource]]:
        """The secret's ARN, the ARN of the customer key that encrypts it, and what has to be there first."""
        given = self._args.get("secret_arn")
        if given is not None:
            found = ask(
                f"for the secret {given} (setting registry.secret)",
                lambda: aws.secretsmanager.get_secret(arn=given, opts=pulumi.InvokeOptions(parent=self)),
            )
            key = found.kms_key_id
            return given, None if key in ("", AWS_OWNED) else existing_key_arn(key), []
        key_arn = self._args.get("key_arn")
        secret = aws.secretsmanager.Secret(
            self._own("registry"),
            description=f"User name and password of the registry of {self._name}",
            kms_key_id=key_arn,
            recovery_window_in_days=RECOVERY,
            opts=self._child,
        )
        version = aws.secretsmanager.SecretVersion(
            self._own("registry"),
            secret_id=secret.arn,
            secret_string=pulumi.Output.secret(self._args.get("credentials")),
            opts=self._child,
        )
        return secret.arn, key_arn, [version]

    # --- the way ------------------------------------------------------------------------------------------------

    def _make_lambda_endpoint(self) -> None:
        """From the subnets to AWS Lambda without the internet."""
        group = aws.ec2.SecurityGroup(
            self._own("lambda"),
            description=f"Interface endpoint of Lambda for {self._name}",
            vpc_id=self._args["ways"].vpc_id,
            tags={"Name": f"{self._name}-lambda"},
            opts=self._child,
        )
        self._make_rules("lambda", group.id, [HTTPS], both_ways=True)
        endpoint = aws.ec2.VpcEndpoint(
            self._own("lambda"),
            vpc_id=self._args["ways"].vpc_id,
            service_name=f"com.amazonaws.{self._args['account'].region}.lambda",
            vpc_endpoint_type="Interface",
            subnet_ids=self._args["ways"].one_a_zone,
            security_group_ids=[group.id],
            private_dns_enabled=self._args.get("lambda_endpoint", "private-dns") == "private-dns",
            tags={"Name": f"{self._name}-lambda", SERVES_TAG: REGISTRIES},
            opts=self._child,
        )
        self.lambda_dns_name = endpoint.dns_entries.apply(
            lambda entries: str(entries[0]["dns_name"] or "") if entries else ""
        )

    def _make_rules_to_the_registry(self, network: str) -> None:
        ports = list(self._args.get("ports") or [HTTPS])
        if network.startswith("sg-"):
            self._make_rules("registry", network, ports, both_ways=True)
        else:
            self._make_rules("registry", ANYWHERE if network == INTERNET else network, ports, both_ways=False)

    def _make_rules(self, to: str, target: pulumi.Input[str], ports: Sequence[int], *, both_ways: bool) -> None:
        """Out of each of the model's groups, unless they are kept elsewhere; into the target, where it is a group."""
        for number, group in enumerate(self._args["security_group_ids"], start=1):
            for port in ports:
                name = names.logical(f"{self._name}-{to}-{number}" + (f"-{port}" if len(ports) > 1 else ""))
                common: dict[str, Any] = {"ip_protocol": "tcp", "from_port": port, "to_port": port}
                other = {"referenced_security_group_id": target} if both_ways else {"cidr_ipv4": target}
                if self._args.get("group_rules", True):
                    aws.vpc.SecurityGroupEgressRule(
                        name,
                        security_group_id=group,
                        description=f"To the {to} of {self._name}",
                        **other,
                        **common,
                        opts=self._child,
                    )
                if both_ways:
                    aws.vpc.SecurityGroupIngressRule(
                        name,
                        security_group_id=target,
                        description=f"From the model's group of {self._name}",
                        referenced_security_group_id=group,
                        **common,
                        opts=self._child,
                    )


def trust_document() -> dict[str, Any]:
    """The trust policy of the function's role: Lambda alone assumes it."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }


def provider_document(account: Account, secret_arn: str, key_arn: str | None) -> dict[str, Any]:
    """
    All that the function may do: read this secret, and decrypt it, through Secrets Manager, with its key.

    Not even logs: what it would write there comes back to whoever calls it, and a log is one more place to leak to.
    Source: "Secret encryption and decryption in AWS Secrets Manager" (encryption context, kms:ViaService).
    """
    document = document_of([Need("secretsmanager:GetSecretValue", secret_arn, "read the registry's credentials")])
    if key_arn:
        suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
        document["Statement"].append(
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt"],
                "Resource": key_arn,
                "Condition": {
                    "StringEquals": {
                        "kms:ViaService": f"secretsmanager.{account.region}.{suffix}",
                        "kms:EncryptionContext:SecretARN": secret_arn,
                    }
                },
            }
        )
    return document
