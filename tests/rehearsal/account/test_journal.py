"""What was answered is never lost, and a restarted account is the same account."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from account_world import ACCOUNT, World, put_configuration, put_ground, put_model, until, wait
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.account import AccountError, ensure
from rehearsal.account.client import _alive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def kill(world: World) -> None:
    """kill -9, and wait until the process has let go of its directory."""
    os.kill(world.account.pid, signal.SIGKILL)
    assert until(lambda: not _alive(world.account.pid))


def fill(world: World) -> dict[str, Any]:
    """Something of every service, an endpoint on its second configuration, and one that is still Creating."""
    ground = put_ground(world, "trees")
    put_model(world, ground, "trees", VpcConfig={"Subnets": [ground["subnet"]], "SecurityGroupIds": [ground["group"]]})
    put_configuration(world, "one", "trees", KmsKeyId=ground["key"])
    put_configuration(world, "two", "trees")
    world.sagemaker.create_endpoint(EndpointName="trees", EndpointConfigName="one")
    wait(world, "trees", "InService")
    world.sagemaker.update_endpoint(EndpointName="trees", EndpointConfigName="two")
    wait(world, "trees", "InService")
    world.sagemaker.create_endpoint(EndpointName="late", EndpointConfigName="one")
    world.client("logs").create_log_group(logGroupName="/aws/sagemaker/Endpoints/trees")
    s3 = world.client("s3")
    s3.put_bucket_versioning(Bucket=ground["bucket"], VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=ground["bucket"], Key="big", Body=b"b" * 300_000, Metadata={"my_key": "v"})
    upload = s3.create_multipart_upload(Bucket=ground["bucket"], Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=ground["bucket"], Key="parts", UploadId=upload, PartNumber=1, Body=b"p" * 10)["ETag"]
    s3.complete_multipart_upload(
        Bucket=ground["bucket"],
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]},
    )
    return ground


def look(world: World, ground: dict[str, Any]) -> dict[str, Any]:
    """Ids, dates and ETags of what `fill` made, as AWS's clients see them."""
    s3, kms, iam, ec2 = (world.client(service) for service in ("s3", "kms", "iam", "ec2"))
    seen = {
        "trees": world.sagemaker.describe_endpoint(EndpointName="trees"),
        "late": world.sagemaker.describe_endpoint(EndpointName="late"),
        "model": world.sagemaker.describe_model(ModelName="trees"),
        "big": s3.head_object(Bucket=ground["bucket"], Key="big"),
        "parts": s3.head_object(Bucket=ground["bucket"], Key="parts"),
        "objects": s3.list_object_versions(Bucket=ground["bucket"])["Versions"],
        "keys": kms.list_keys()["Keys"],
        "key": kms.describe_key(KeyId=ground["alias"])["KeyMetadata"],
        "role": iam.get_role(RoleName="trees")["Role"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "images": world.client("ecr").describe_images(repositoryName="trees")["imageDetails"],
        "groups of logs": world.client("logs").describe_log_groups()["logGroups"],
    }
    for value in seen.values():
        if isinstance(value, dict):
            value.pop("ResponseMetadata", None)
    return json.loads(json.dumps(seen, default=str))


def test_a_killed_account_comes_back_the_same(started: Callable[..., World]) -> None:
    """kill -9, start again: the same ids, dates, ETags, statuses, time, and dump."""
    world = started()
    ground = fill(world)
    before, dump, now = look(world, ground), world.account.dump(), world.account.now()
    kill(world)
    again = started()

    assert again.account.pid != world.account.pid
    assert look(again, ground) == before
    assert again.account.dump() == dump
    assert again.account.now() == now


def test_a_killed_account_goes_on_where_it_was(started: Callable[..., World]) -> None:
    """Fleets under way arrive, armed faults stay armed, new ids differ from all old ones."""
    world = started()
    ground = fill(world)
    world.account.arm("visible-roll-back")
    kill(world)
    again = started()
    late = wait(again, "late", "InService")
    again.sagemaker.update_endpoint(EndpointName="trees", EndpointConfigName="one")
    back = wait(again, "trees", "InService")
    key = again.client("kms").create_key()["KeyMetadata"]["Arn"]

    assert late["EndpointConfigName"] == "one"
    assert back["EndpointConfigName"] == "two"
    assert back["FailureReason"]
    assert key != ground["key"]


def test_a_status_that_was_seen_never_goes_back(started: Callable[..., World]) -> None:
    """With a running clock: InService is seen by reading only, then the account is killed."""
    world = started(speed=100000)
    ground = put_ground(world, "trees")
    put_model(world, ground, "trees")
    put_configuration(world, "one", "trees")
    world.sagemaker.create_endpoint(EndpointName="trees", EndpointConfigName="one")
    arrived = until(lambda: world.sagemaker.describe_endpoint(EndpointName="trees")["EndpointStatus"] == "InService")
    world.account.set_speed(0)
    kill(world)
    again = started()

    assert arrived
    assert again.sagemaker.describe_endpoint(EndpointName="trees")["EndpointStatus"] == "InService"


def test_a_line_cut_off_is_repaired_with_a_note(started: Callable[..., World]) -> None:
    """The last line was never answered: it is set aside and said; what was answered is there."""
    world = started()
    world.client("kms").create_key()
    world.account.stop()
    path = world.account.directory / "journal.jsonl"
    with path.open("ab") as file:
        file.write(b'{"action":"kms:CreateKey","at":17')
    again = started()
    (note,) = again.account.health()["notes"]
    keys = again.client("kms").list_keys()["Keys"]
    again.client("kms").create_key()
    again.account.stop()
    third = started()

    assert "cut off" in note
    assert len(keys) == 1
    assert (world.account.directory / "journal.cut").read_bytes().startswith(b'{"action"')
    assert third.account.health()["notes"] == []
    assert len(third.client("kms").list_keys()["Keys"]) == 2


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [lines[0], lines[1].replace(b"eu-west-1", b"eu-west-2"), *lines[2:]], "was altered"),
        (lambda lines: [lines[0], b"not json\n", *lines[2:]], "line 2 is not an entry"),
        (lambda lines: [b'{"format":99,"crc":"0"}\n', *lines[1:]], "was altered"),
        (lambda lines: lines[1:], "format None"),
    ],
)
def test_a_damaged_journal_is_refused_with_its_place(
    started: Callable[..., World], damage: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    """Nobody goes on as though it were the same account; the message says which file and what to do."""
    world = started()
    world.client("kms").create_key()
    world.client("kms").create_key()
    world.account.stop()
    path = world.account.directory / "journal.jsonl"
    path.write_bytes(b"".join(damage(path.read_bytes().splitlines(keepends=True))))

    with pytest.raises(AccountError, match=words) as caught:
        ensure(ACCOUNT, world.account.directory.parent.parent)
    assert "remove" in str(caught.value).lower()


def test_a_lost_blob_is_refused(started: Callable[..., World]) -> None:
    """A body that the journal refers to is gone."""
    world = started()
    s3 = world.client("s3", "us-east-1")
    s3.create_bucket(Bucket="big")
    s3.put_object(Bucket="big", Key="k", Body=b"x" * 10_000)
    world.account.stop()
    (blob,) = (world.account.directory / "blobs").iterdir()
    blob.unlink()

    with pytest.raises(AccountError, match="which is gone"):
        ensure(ACCOUNT, world.account.directory.parent.parent)


def test_no_signature_and_no_token_lies_in_the_journal(started: Callable[..., World]) -> None:
    """Nor do bodies of the calls that only pass secrets through KMS."""
    world = started()
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"very secret")["CiphertextBlob"]
    plain = kms.decrypt(CiphertextBlob=secret)["Plaintext"]
    text = (world.account.directory / "journal.jsonl").read_text()

    assert plain == b"very secret"
    assert "Signature=redacted" in text
    assert "dmVyeSBzZWNyZXQ" not in text  # "very secret" in base64
    assert (world.account.directory / "journal.jsonl").stat().st_mode & 0o077 == 0


def test_what_was_encrypted_can_be_decrypted_after_a_restart(started: Callable[..., World]) -> None:
    """Key material is replayed too."""
    world = started()
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    kill(world)
    again = started()

    assert again.client("kms").decrypt(CiphertextBlob=secret)["Plaintext"] == b"text"


def test_reading_first_does_not_change_what_comes_later(started: Callable[..., World], tmp_path: Path) -> None:
    """A region's default VPC comes into being at the first look; a replay that never looks has the same one."""
    world = started()
    seen = [vpc["VpcId"] for vpc in world.client("ec2").describe_vpcs()["Vpcs"]]
    subnet = world.client("ec2").create_subnet(VpcId=seen[0], CidrBlock="172.31.128.0/20")["Subnet"]["SubnetId"]
    kill(world)
    again = started()
    subnets = [subnet["SubnetId"] for subnet in again.client("ec2").describe_subnets()["Subnets"]]

    assert [vpc["VpcId"] for vpc in again.client("ec2").describe_vpcs()["Vpcs"]] == seen
    assert subnet in subnets


def test_a_kill_in_the_middle_of_many_calls_loses_nothing_that_was_answered(started: Callable[..., World]) -> None:
    """Six clients create without a pause, the account is killed: every key that was answered is there afterwards."""
    world = started()
    kms = world.client("kms")
    answered: list[str] = []

    def create_until_killed(_: int) -> None:
        # KeyError: the connection went down before the answer's first byte, and botocore reads that as an empty answer.
        with contextlib.suppress(BotoCoreError, KeyError):
            while True:
                answered.append(kms.create_key()["KeyMetadata"]["KeyId"])

    with ThreadPoolExecutor(6) as pool:
        clients = pool.map(create_until_killed, range(6))
        try:
            enough = until(lambda: len(answered) > 60, 30)
        finally:
            kill(world)
        list(clients)
    assert enough
    again = started()
    pages = again.client("kms").get_paginator("list_keys").paginate()
    held = {key["KeyId"] for page in pages for key in page["Keys"]}

    assert len(answered) == len(set(answered)) > 60
    assert set(answered) <= held
    assert len(held) <= len(answered) + 6  # at most one a client was done and not yet answered


def test_several_processes_that_ensure_get_the_same_account(started: Callable[..., World], tmp_path: Path) -> None:
    """Four processes at once: one server."""
    code = (
        "import sys; from pathlib import Path; from rehearsal.account import ensure;"
        f"print(ensure('{ACCOUNT}', Path(sys.argv[1]), idle_minutes=5, speed=0).pid)"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    pids = {process.communicate(timeout=60)[0].strip() for process in running}
    world = started()

    assert pids == {str(world.account.pid)}


def test_a_dead_server_is_noticed(started: Callable[..., World]) -> None:
    """server.json of a killed process doesn't mislead; SIGTERM takes it away."""
    world = started()
    kill(world)
    stale = (world.account.directory / "server.json").exists()
    again = started()
    os.kill(again.account.pid, signal.SIGTERM)

    assert stale
    assert until(lambda: not _alive(again.account.pid))
    assert not (again.account.directory / "server.json").exists()


def test_an_idle_account_stops_itself(started: Callable[..., World]) -> None:
    """After its idle time without requests."""
    world = started(idle_minutes=0.02)

    assert until(lambda: not _alive(world.account.pid))


def test_an_account_whose_directory_is_removed_ends(started: Callable[..., World]) -> None:
    """Nobody could find it any more: it doesn't stay behind."""
    world = started()
    shutil.rmtree(world.account.directory)

    assert until(lambda: not _alive(world.account.pid))


def test_a_malformed_account_id_is_refused(tmp_path: Path) -> None:
    """Twelve digits."""
    with pytest.raises(AccountError, match="twelve digits"):
        ensure("../etc", tmp_path)


def test_a_journalled_refusal_stays_a_refusal(started: Callable[..., World]) -> None:
    """Refused mutations are replayed as refused."""
    world = started()
    with pytest.raises(ClientError):
        world.client("kms").create_alias(AliasName="alias/x", TargetKeyId="11111111-1111-1111-1111-111111111111")
    kill(world)
    again = started()

    assert again.client("kms").list_aliases()["Aliases"] is not None
