"""Systems Manager: Document. Source: the Systems Manager API reference."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from rehearsal.provider.described import AutoName, Limit, Resource
from rehearsal.provider.tagging import Tagging

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.values import Properties

TYPES_OF_DOCUMENTS = (
    *("ApplicationConfiguration", "ApplicationConfigurationSchema", "Automation", "ChangeCalendar", "Command"),
    *("DeploymentStrategy", "Package", "Policy", "Session"),
)


class DocumentTags(Tagging):
    """Tags of a document: every call also names the type of the resource."""

    def _resource(self, id_: str, state: dict[str, Any]) -> dict[str, Any]:
        return {"ResourceType": "Document", **super()._resource(id_, state)}


class Document(Resource):
    """A document: what a session, a command or an automation does and how."""

    token = "aws:ssm/document:Document"
    noun = "SSM Document"
    service = "ssm"
    auto_name = AutoName(limit=128)
    defaults = {"documentFormat": "JSON"}
    limits = {
        "name": Limit(r"[0-9A-Za-z_.\-]+", "may hold only letters, digits and _ . -", longest=128),
        "documentType": Limit(choices=TYPES_OF_DOCUMENTS),
        "documentFormat": Limit(choices=("JSON", "TEXT", "YAML")),
    }
    replaces = ("name", "documentType", "region")
    unread = ("attachmentsSources", "permissions")
    lacks = ("attachmentsSources", "permissions", "versionName", "targetType")
    recomputed = dict.fromkeys(
        ("defaultVersion", "documentVersion", "hash", "latestVersion", "schemaVersion", "parameters"),
        ("content", "documentFormat"),
    )
    create_operation, read_operation, delete_operation = "CreateDocument", "DescribeDocument", "DeleteDocument"
    id_parameter, answer = "Name", "Document"
    missing = (("InvalidDocument", ""),)
    tagging = DocumentTags(
        "ssm",
        "AddTagsToResource",
        "RemoveTagsFromResource",
        "ListTagsForResource",
        "ResourceId",
        "id",
        shown="TagList",
    )

    def read(self, account: Account, id_: str, state: Properties) -> Properties | None:
        """DescribeDocument, and GetDocument for the content."""
        found = self.describe(account, id_)
        told = self.flatten(account, found)
        content = account.call("ssm", "GetDocument", Name=id_, DocumentFormat=told.get("documentFormat") or "JSON")
        arn = f"arn:{account.partition}:ssm:{account.region}:{account.id}:document/{id_}"
        return {**told, "arn": arn, "content": content["Content"], "hash": self._hash(found, content["Content"])}

    @staticmethod
    def _hash(found: dict[str, Any], content: str) -> str:
        return str(found.get("Hash") or hashlib.sha256(content.encode()).hexdigest())

    def update(self, account: Account, id_: str, old: Properties, new: Properties, changed: set[str]) -> None:
        """UpdateDocument, and its new version becomes the default."""
        if changed & {"content", "documentFormat"}:
            asked = {"Name": id_, "Content": new["content"], "DocumentVersion": "$LATEST"}
            made = account.call("ssm", "UpdateDocument", **asked, DocumentFormat=new.get("documentFormat") or "JSON")
            version = made["DocumentDescription"]["DocumentVersion"]
            account.call("ssm", "UpdateDocumentDefaultVersion", Name=id_, DocumentVersion=version)
