"""IAM: Role, RolePolicy, Policy, RolePolicyAttachment. Source: the IAM API reference."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource, unique_name
from rehearsal.provider.refusals import HalfMade, ProviderRefusal
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

GONE = (("NoSuchEntity", ""), ("NoSuchEntityException", ""))
NAME = r"[\w+=,.@-]+"
SAYS = "may hold only letters, digits and +=,.@-_"
VERSIONS = 5


def text(document: Any) -> str:
    """A policy document as text; boto3 gives it parsed."""
    return document if isinstance(document, str) else json.dumps(document)


class Role(Resource):
    """Who may act as it, and (by policies of their own) what it may do."""

    token = "aws:iam/role:Role"
    noun = "IAM Role"
    service = "iam"
    regional = False
    auto_name = AutoName(limit=64, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    defaults = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}
    limits = {
        "name": Limit(NAME, SAYS, longest=64),
        "namePrefix": Limit(longest=38),
        "maxSessionDuration": Limit(least=3600, most=43200),
        "description": Limit(longest=1000),
    }
    replaces = ("name", "namePrefix", "path")
    optional_computed = ("name", "namePrefix", "inlinePolicies", "managedPolicyArns")
    sets = ("inlinePolicies", "managedPolicyArns")
    documents = ("assumeRolePolicy",)
    unread = ("forceDetachPolicies", "namePrefix")
    create_operation, read_operation, delete_operation = "CreateRole", "GetRole", "DeleteRole"
    id_parameter, answer = "RoleName", "Role"
    renames = {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "uniqueId": "RoleId"}
    missing = GONE
    tagging = Tagging("iam", "TagRole", "UntagRole", "ListRoleTags", "RoleName", "id")

    def create(self, account: Account, inputs: Properties) -> str:
        """CreateRole, then the policies given inline."""
        name = str(inputs.get("name") or unique_name(inputs.get("namePrefix", "")))
        account.call("iam", "CreateRole", **self.request(account, "CreateRole", {**inputs, "name": name}))
        try:
            self._attach(account, name, inputs.get("managedPolicyArns") or [])
            self._put(account, name, inputs.get("inlinePolicies") or [])
        except ProviderRefusal as refusal:
            raise HalfMade(name, refusal) from refusal
        return name

    def _attach(self, account: Account, name: str, arns: list[str]) -> None:
        for arn in arns:
            account.call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)

    def _put(self, account: Account, name: str, policies: list[Properties]) -> None:
        for policy in policies:
            if policy.get("policy"):
                given = policy.get("name") or unique_name("policy-")
                account.call("iam", "PutRolePolicy", RoleName=name, PolicyName=given, PolicyDocument=policy["policy"])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetRole, and what is attached to it."""
        role = self.describe(account, id_)
        found = self.flatten(account, {**role, "AssumeRolePolicyDocument": text(role["AssumeRolePolicyDocument"])})
        boundary = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
        attached = account.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", RoleName=id_)
        inline = account.pages("iam", "ListRolePolicies", "PolicyNames", RoleName=id_)
        bodies = {n: account.call("iam", "GetRolePolicy", RoleName=id_, PolicyName=n)["PolicyDocument"] for n in inline}
        return {
            **found,
            "permissionsBoundary": boundary,
            "description": role.get("Description") or None,
            "managedPolicyArns": [policy["PolicyArn"] for policy in attached],
            "inlinePolicies": [{"name": n, "policy": text(body)} for n, body in bodies.items()],
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """One call for each thing that differs."""
        if "assumeRolePolicy" in changed:
            account.call("iam", "UpdateAssumeRolePolicy", RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        if "description" in changed:
            account.call("iam", "UpdateRoleDescription", RoleName=id_, Description=new.get("description", ""))
        if "maxSessionDuration" in changed:
            # The description goes along, so that an account which takes silence for "none" keeps it.
            seconds, described = int(new["maxSessionDuration"]), new.get("description")
            account.call("iam", "UpdateRole", RoleName=id_, MaxSessionDuration=seconds, Description=described)
        if "permissionsBoundary" in changed:
            if new.get("permissionsBoundary"):
                boundary = new["permissionsBoundary"]
                account.call("iam", "PutRolePermissionsBoundary", RoleName=id_, PermissionsBoundary=boundary)
            else:
                account.call("iam", "DeleteRolePermissionsBoundary", RoleName=id_)
        self._update_policies(account, id_, old, new, changed)

    def _update_policies(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        if "inlinePolicies" in changed:
            kept = {policy.get("name") for policy in new.get("inlinePolicies") or []}
            for policy in old.get("inlinePolicies") or []:
                if policy.get("name") not in kept:
                    account.call("iam", "DeleteRolePolicy", RoleName=id_, PolicyName=policy["name"])
            self._put(account, id_, new.get("inlinePolicies") or [])
        if "managedPolicyArns" in changed:
            before, after = set(old.get("managedPolicyArns") or []), set(new.get("managedPolicyArns") or [])
            for arn in sorted(before - after):
                account.call("iam", "DetachRolePolicy", RoleName=id_, PolicyArn=arn)
            self._attach(account, id_, sorted(after - before))

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """Instance profiles and, where the state knows of any or is told to, policies go first."""
        for profile in account.pages("iam", "ListInstanceProfilesForRole", "InstanceProfiles", RoleName=id_):
            named = profile["InstanceProfileName"]
            account.call("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=named, RoleName=id_)
        if state.get("forceDetachPolicies") or state.get("managedPolicyArns"):
            for policy in account.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", RoleName=id_):
                account.call("iam", "DetachRolePolicy", RoleName=id_, PolicyArn=policy["PolicyArn"])
        if state.get("forceDetachPolicies") or state.get("inlinePolicies"):
            for name in account.pages("iam", "ListRolePolicies", "PolicyNames", RoleName=id_):
                account.call("iam", "DeleteRolePolicy", RoleName=id_, PolicyName=name)
        account.call("iam", "DeleteRole", RoleName=id_)


class RolePolicy(Resource):
    """A policy that lives inside a role."""

    token = "aws:iam/rolePolicy:RolePolicy"
    noun = "IAM RolePolicy"
    service = "iam"
    regional = False
    auto_name = AutoName(limit=128, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    limits = {"name": Limit(NAME, SAYS, longest=128), "namePrefix": Limit(longest=102)}
    replaces = ("name", "namePrefix", "role")
    optional_computed = ("name", "namePrefix")
    documents = ("policy",)
    unread = ("namePrefix",)
    missing = GONE

    def create(self, account: Account, inputs: Properties) -> str:
        """PutRolePolicy."""
        name = inputs.get("name") or unique_name(inputs.get("namePrefix", ""))
        account.call("iam", "PutRolePolicy", RoleName=inputs["role"], PolicyName=name, PolicyDocument=inputs["policy"])
        return f"{inputs['role']}:{name}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetRolePolicy."""
        role, _, name = id_.partition(":")
        found = account.call("iam", "GetRolePolicy", RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": text(found["PolicyDocument"])}

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """PutRolePolicy under the same name."""
        role, _, name = id_.partition(":")
        account.call("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=new["policy"])

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DeleteRolePolicy."""
        role, _, name = id_.partition(":")
        account.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)

    def imported(self, account: Account, id_: str) -> Properties:
        """The id says all."""
        role, _, name = id_.partition(":")
        return {"role": role, "name": name}


class Policy(Resource):
    """A managed policy."""

    token = "aws:iam/policy:Policy"
    noun = "IAM Policy"
    service = "iam"
    regional = False
    id_property = "arn"
    auto_name = AutoName(limit=128, unless=("namePrefix",))
    conflicts = (("name", "namePrefix"),)
    defaults = {"path": "/"}
    limits = {"name": Limit(NAME, SAYS, longest=128), "namePrefix": Limit(longest=102)}
    replaces = ("name", "namePrefix", "path", "description")
    optional_computed = ("name", "namePrefix")
    documents = ("policy",)
    unread = ("namePrefix", "delayAfterPolicyCreationInMs")
    read_operation, id_parameter, answer = "GetPolicy", "PolicyArn", "Policy"
    renames = {"name": "PolicyName", "policy": "PolicyDocument"}
    missing = GONE
    tagging = Tagging("iam", "TagPolicy", "UntagPolicy", "ListPolicyTags", "PolicyArn", "id")

    def create(self, account: Account, inputs: Properties) -> str:
        """CreatePolicy."""
        values = {**inputs, "name": inputs.get("name") or unique_name(inputs.get("namePrefix", ""))}
        made = account.call("iam", "CreatePolicy", **self.request(account, "CreatePolicy", values))
        return str(made["Policy"]["Arn"])

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """GetPolicy and its default version."""
        policy = self.describe(account, id_)
        version = account.call("iam", "GetPolicyVersion", PolicyArn=id_, VersionId=policy["DefaultVersionId"])
        found = self.flatten(account, policy)
        return {
            **found,
            "description": policy.get("Description") or None,
            "policy": text(version["PolicyVersion"]["Document"]),
        }

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """A new default version; of five the oldest other one goes first (IAM keeps five)."""
        if "policy" not in changed:
            return
        versions = account.pages("iam", "ListPolicyVersions", "Versions", PolicyArn=id_)
        others = sorted((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
        if len(versions) >= VERSIONS:
            account.call("iam", "DeletePolicyVersion", PolicyArn=id_, VersionId=others[0]["VersionId"])
        account.call("iam", "CreatePolicyVersion", PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """Other versions first."""
        for version in account.pages("iam", "ListPolicyVersions", "Versions", PolicyArn=id_):
            if not version["IsDefaultVersion"]:
                account.call("iam", "DeletePolicyVersion", PolicyArn=id_, VersionId=version["VersionId"])
        account.call("iam", "DeletePolicy", PolicyArn=id_)


class RolePolicyAttachment(Resource):
    """A managed policy put on a role."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    noun = "IAM RolePolicyAttachment"
    service = "iam"
    regional = False
    replaces_all_but = ()
    delete_before_replace = True
    missing = GONE

    def create(self, account: Account, inputs: Properties) -> str:
        """AttachRolePolicy."""
        account.call("iam", "AttachRolePolicy", RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """Whether the role's list has it."""
        role, _, arn = id_.partition("/")
        attached = account.pages("iam", "ListAttachedRolePolicies", "AttachedPolicies", RoleName=role)
        return {"role": role, "policyArn": arn} if any(policy["PolicyArn"] == arn for policy in attached) else None

    def delete(self, account: Account, id_: str, state: Properties) -> None:
        """DetachRolePolicy."""
        account.call("iam", "DetachRolePolicy", RoleName=state["role"], PolicyArn=state["policyArn"])

    def imported(self, account: Account, id_: str) -> Properties:
        """The id says all."""
        role, _, arn = id_.partition("/")
        return {"role": role, "policyArn": arn}
