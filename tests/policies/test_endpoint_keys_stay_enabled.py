"""Keys that endpoint configurations name are enabled, however they are named."""

import pytest
from judging import UNKNOWN, Given, Judge

from policies.rules.endpoint_keys_stay_enabled import rule
from policies.tokens import ENDPOINT, ENDPOINT_CONFIGURATION, KEY, KEY_ALIAS

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234"
OFF = Given(KEY, {"isEnabled": False, "arn": UNKNOWN}, "own")
OFF_KNOWN = Given(KEY, {"isEnabled": False, "arn": ARN, "keyId": "1234"}, "own")
ALIAS = Given(KEY_ALIAS, {"name": "alias/own", "targetKeyId": UNKNOWN}, "own", depends={"targetKeyId": [OFF]})
ALIAS_KNOWN = Given(KEY_ALIAS, {"name": "alias/own", "targetKeyId": "1234"}, "own")


def configuration(properties: dict, depends: dict | None = None) -> Given:
    """A configuration that names keys."""
    return Given(ENDPOINT_CONFIGURATION, {"name": "c-1234567", **properties}, "c", depends=depends or {})


@pytest.mark.parametrize(
    ("given", "prop"),
    [
        ([OFF, configuration({"kmsKeyArn": UNKNOWN}, {"kmsKeyArn": [OFF]})], "kmsKeyArn"),
        ([OFF_KNOWN, configuration({"kmsKeyArn": ARN})], "kmsKeyArn"),
        ([OFF_KNOWN, configuration({"kmsKeyArn": "1234"})], "kmsKeyArn"),
        ([OFF, ALIAS, configuration({"kmsKeyArn": UNKNOWN}, {"kmsKeyArn": [ALIAS]})], "kmsKeyArn"),
        ([OFF_KNOWN, ALIAS_KNOWN, configuration({"kmsKeyArn": "alias/own"})], "kmsKeyArn"),
        ([OFF_KNOWN, configuration({"dataCaptureConfig": {"kmsKeyId": ARN}})], "dataCaptureConfig.kmsKeyId"),
        (
            [OFF, configuration({"dataCaptureConfig": UNKNOWN}, {"dataCaptureConfig": [OFF]})],
            "dataCaptureConfig.kmsKeyId",
        ),
        (
            [OFF_KNOWN, configuration({"asyncInferenceConfig": {"outputConfig": {"kmsKeyId": ARN}}})],
            "asyncInferenceConfig.outputConfig.kmsKeyId",
        ),
        (
            [OFF_KNOWN, configuration({"productionVariants": [{"coreDumpConfig": {"kmsKeyId": ARN}}]})],
            "productionVariants[0].coreDumpConfig.kmsKeyId",
        ),
    ],
)
def test_a_disabled_key_is_found_however_it_is_named(judge: Judge, given: list[Given], prop: str) -> None:
    """By dependency while its ARN is unknown, by ARN, id or alias once it is written out."""
    [violation] = judge(rule, *given).violations

    assert violation.startswith("Key own: isEnabled is false while an endpoint configuration names the key;")
    assert f"Path of use: Key own <- EndpointConfiguration c ({prop})" in violation


def test_the_path_goes_on_to_the_endpoint_and_the_finding_is_the_keys(judge: Judge) -> None:
    """Whoever disables a key sees which endpoint it breaks."""
    named = configuration({"kmsKeyArn": UNKNOWN}, {"kmsKeyArn": [OFF]})
    endpoint = Given(ENDPOINT, {"endpointConfigName": "c-1234567"}, "e")

    judgement = judge(rule, OFF, named, endpoint)

    assert "Path of use: Key own <- EndpointConfiguration c (kmsKeyArn) <- Endpoint e" in judgement.violations[0]
    assert judgement.urns == [OFF.urn]


def test_a_key_in_use_that_is_enabled_passes(judge: Judge) -> None:
    """Unset means enabled."""
    for enabled in ({}, {"isEnabled": True}):
        key = Given(KEY, {"arn": ARN, **enabled})

        assert judge(rule, key, configuration({"kmsKeyArn": ARN})).passed


def test_a_switch_that_is_not_known_is_undecided_and_hides_no_other_key(judge: Judge) -> None:
    """One unknown used to silence a whole stack rule."""
    vague = Given(KEY, {"isEnabled": UNKNOWN, "arn": "arn:aws:kms:eu-central-1:111122223333:key/5"}, "vague")
    both = configuration({"kmsKeyArn": vague.properties["arn"], "dataCaptureConfig": {"kmsKeyId": ARN}})

    judgement = judge(rule, vague, OFF_KNOWN, both)

    assert judgement.undecided == ["undecided: Key vague: isEnabled is not known before `up`."]
    assert len(judgement.violations) == 1


def test_a_disabled_key_that_no_configuration_names_is_not_applicable(judge: Judge) -> None:
    """Looks similar and must stay silent: keys are disabled before they are deleted."""
    judgement = judge(rule, OFF_KNOWN, configuration({"kmsKeyArn": "arn:aws:kms:eu-central-1:111122223333:key/5"}))

    assert judgement.not_applicable == ["no endpoint configuration names a key of this stack"]
    assert judgement.violations == []
