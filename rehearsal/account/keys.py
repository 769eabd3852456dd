"""KMS where moto's differs from AWS's: keys named by ARN, and what a key's state lets one do.

Source: "Key states of AWS KMS keys" (KMS Developer Guide, key-state.html): its table says which operation succeeds on a
key that is disabled or pending deletion, and with which error it fails otherwise.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import sys
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rehearsal.account.errors import Refusal
from rehearsal.account.holdings import ForeignKey, Holdings, partition

if TYPE_CHECKING:
    from rehearsal.account.calls import Call

_CRYPTOGRAPHIC = {
    *("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair"),
    *("GenerateMac", "VerifyMac", "Sign", "Verify"),
}
_NOT_WHILE_DISABLED = _CRYPTOGRAPHIC | {"CreateGrant", "EnableKeyRotation"}
_NOT_WHILE_PENDING = _NOT_WHILE_DISABLED | {
    *("EnableKey", "DisableKey", "DisableKeyRotation", "CreateAlias", "UpdateAlias", "ScheduleKeyDeletion"),
    *("UpdateKeyDescription", "TagResource", "UntagResource"),
}
_ARN_COLONS = 5
_CIPHERTEXT_KEY = 36  # moto's ciphertexts begin with the key's id


@cache
def _no_needless_private_keys() -> None:
    """Keeps moto from making an RSA key pair for every symmetric key: a tenth of a second each, for nothing."""
    from moto.kms import models

    generate = models.generate_private_key

    def only_for_asymmetric(key_spec: str) -> Any:
        return None if key_spec == "SYMMETRIC_DEFAULT" or key_spec.startswith("HMAC_") else generate(key_spec)

    models.generate_private_key = only_for_asymmetric


@cache
def _policies_of_one_statement() -> None:
    """Lets a key policy's Statement be an object instead of a list, as the policy grammar of IAM allows."""
    from moto.kms import responses

    validate = responses.validate_policy

    def validate_list(key: Any, action: str) -> None:
        document = json.loads(key.policy or "{}")
        if isinstance(document.get("Statement"), dict):
            text = json.dumps({**document, "Statement": [document["Statement"]]})
            key = SimpleNamespace(policy=text, arn=key.arn)
        validate(key, action)

    responses.validate_policy = validate_list


def prepare(call: Call, account: str) -> Call:
    """The call as moto understands it; raises Refusal where the key's state forbids it."""
    _no_needless_private_keys()
    _policies_of_one_statement()
    name = "TargetKeyId" if call.action in ("CreateAlias", "UpdateAlias") else "KeyId"
    given = call.parameters.get(name)
    named = given if isinstance(given, str) else _key_of_ciphertext(call)
    key = Holdings(account).key(named, call.region) if named else None
    if key is None and given is not None and (elsewhere := _elsewhere(str(given), call.region)):
        raise Refusal("NotFoundException", f"Invalid arn {elsewhere}")
    if call.action == "CreateGrant" and not str(call.parameters.get("GranteePrincipal", "")).startswith("arn:"):
        # CreateGrant, GranteePrincipal: "use the Amazon Resource Name (ARN) of an AWS principal".
        raise Refusal("InvalidArnException", f"{call.parameters.get('GranteePrincipal')} is no ARN of a principal.")
    if key is None or isinstance(key, ForeignKey):
        return call
    if key.key_state == "PendingDeletion" and call.action in _NOT_WHILE_PENDING:
        raise Refusal("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.key_state == "Disabled" and call.action in _NOT_WHILE_DISABLED:
        raise Refusal("DisabledException", f"{key.arn} is disabled.")
    if call.action == "CancelKeyDeletion" and key.key_state != "PendingDeletion":
        raise Refusal("KMSInvalidStateException", f"{key.arn} is not pending deletion.")
    if given and given.startswith("arn:") and ":key/" in given and call.action not in _CRYPTOGRAPHIC:
        parameters = {**call.parameters, name: key.id}
        return replace(call, parameters=parameters, body=json.dumps(parameters).encode())
    return call


def expire(account: str, at: float) -> bool:
    """Deletes the keys, and their aliases, whose waiting period has ended at virtual time `at`; whether any had.

    Source: ScheduleKeyDeletion: "After the waiting period ends, AWS KMS deletes the KMS key"; with it go its aliases.
    """
    if "moto.kms.models" not in sys.modules:
        return False  # nobody has used KMS
    from moto.kms.models import kms_backends

    gone = False
    for backend in list(dict.values(kms_backends[account])):
        for key in list(backend.keys.values()):
            if key.deletion_date is not None and key.deletion_date.replace(tzinfo=dt.UTC).timestamp() <= at:
                backend.delete_key(key.id)
                gone = True
    return gone


def _elsewhere(named: str, region: str) -> str:
    """Where the key lies that an ARN of another Region or partition names; empty for all other names.

    Source: pulumi/pulumi#17022 and nakedible/openssl-engine-kms#1 show the answer for a key of another Region.
    """
    parts = named.split(":", 5)
    if parts[0] != "arn" or len(parts) <= _ARN_COLONS:
        return ""
    return parts[3] if (parts[1], parts[3]) != (partition(region), region) else ""


def _key_of_ciphertext(call: Call) -> str | None:
    if call.action != "Decrypt":
        return None
    try:
        return base64.b64decode(call.parameters.get("CiphertextBlob", ""))[:_CIPHERTEXT_KEY].decode("ascii")
    except (binascii.Error, ValueError):
        return None  # no ciphertext of this account's; moto refuses it
