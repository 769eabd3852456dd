"""The ResourceProvider service: Pulumi's calls to the core and back."""

from __future__ import annotations

import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from rehearsal.provider import files, properties
from rehearsal.provider.answers import answered, differing
from rehearsal.provider.configuration import Configuration
from rehearsal.provider.refusals import Misconfigured, UnknownType
from rehearsal.values import UNKNOWN, Properties

if TYPE_CHECKING:
    from rehearsal.provider.account import Account
    from rehearsal.provider.described import Resource

VERSION = "7.51.1"
"""The pulumi-aws release that this provider stands in for."""


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Package `aws` against an emulated account."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._account: Account | None = None
        self._configuration: Configuration | None = None

    # -- getting to know each other ----------------------------------------------------------------------------------

    def Handshake(self, request: Any, context: Any) -> Any:
        if request.program_directory:
            files.root_at(request.program_directory)
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        news = properties.read(request.news)
        failures = []
        try:
            Configuration({k: v for k, v in news.items() if v is not UNKNOWN})
        except Misconfigured as error:
            failures.append(provider_pb2.CheckFailure(property="", reason=str(error)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = properties.read(request.old_inputs or request.olds), properties.read(request.news)
        changed = sorted(name for name in set(old) | set(new) if old.get(name) != new.get(name) and name != "version")
        # Another region is another set of resources; pulumi-aws too replaces the provider for it.
        replaces = [name for name in changed if name == "region" and old.get(name)]
        some = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some, diffs=changed, replaces=replaces)

    def Configure(self, request: Any, context: Any) -> Any:
        from rehearsal.provider.account import Account

        values = properties.read(request.args) or {k.rpartition(":")[2]: v for k, v in request.variables.items()}

        def configure() -> Any:
            configuration = Configuration(values)
            if not configuration.region:
                raise Misconfigured("no region: set `aws:region` in the stack's settings, or AWS_REGION")
            # An attached provider outlives its engines, and each says Cancel when it ends.
            self._cancelled = threading.Event()
            account = Account(configuration.region, cancelled=self._cancelled)
            if configuration.allowed and account.id not in configuration.allowed:
                raise Misconfigured(
                    f"the account is {account.id}, and aws:allowedAccountIds allows only "
                    f"{', '.join(configuration.allowed)}",
                )
            if configuration.forbidden and account.id in configuration.forbidden:
                raise Misconfigured(f"the account is {account.id}, and aws:forbiddenAccountIds names it")
            self._configuration, self._account = configuration, account
            return provider_pb2.ConfigureResponse(supportsPreview=True, supports_autonaming_configuration=True)

        return answered(context, "configure the provider", configure)

    def Cancel(self, request: Any, context: Any) -> Any:
        self._cancelled.set()
        return empty_pb2.Empty()

    # -- resources ---------------------------------------------------------------------------------------------------

    def Check(self, request: Any, context: Any) -> Any:
        from rehearsal.provider.checking import Naming, check

        def act() -> Any:
            resource = self._resource(request)
            # Without options these are an empty name and the mode DEFAULT... PROPOSE.
            given = request.autonaming
            disabled = given.mode == provider_pb2.CheckRequest.AutonamingOptions.DISABLE
            naming = Naming(_name(request), request.randomSeed, given.proposed_name, disabled)
            tags = self._configuration.default_tags if self._configuration else {}
            checked = check(resource, properties.read(request.news), properties.read(request.olds), naming, tags)
            failures = [provider_pb2.CheckFailure(property=name, reason=reason) for name, reason in checked.failures]
            return provider_pb2.CheckResponse(inputs=properties.write(checked.inputs), failures=failures)

        return answered(context, f"check {_label(request)}", act)

    def Diff(self, request: Any, context: Any) -> Any:
        from rehearsal.provider.differing import difference

        def act() -> Any:
            resource = self._resource(request)
            state, news = properties.read(request.olds), properties.read(request.news)
            old_inputs = properties.read(request.old_inputs) if request.HasField("old_inputs") else dict(state)
            ignored(request.ignoreChanges, old_inputs, news)
            region = self._account.region if self._account else ""
            return differing(difference(resource, state, old_inputs, news, region))

        return answered(context, f"compare {_label(request)}", act)

    def Create(self, request: Any, context: Any) -> Any:
        from rehearsal.provider import lifecycle

        def act() -> Any:
            resource, inputs = self._resource(request), properties.read(request.properties)
            if request.preview:
                made = lifecycle.preview_create(resource, self.account, inputs)
                return provider_pb2.CreateResponse(properties=properties.write(made))
            id_, outputs = lifecycle.create(resource, self.account, inputs)
            return provider_pb2.CreateResponse(id=id_, properties=properties.write(self._shown(outputs)))

        return answered(context, f"create {_label(request)}", act)

    def Read(self, request: Any, context: Any) -> Any:
        from rehearsal.provider import lifecycle

        def act() -> Any:
            resource = self._resource(request)
            state, inputs = properties.read(request.properties), properties.read(request.inputs)
            id_, outputs, found = lifecycle.read(resource, self.account, request.id, state, inputs)
            if not id_:
                return provider_pb2.ReadResponse()
            found = self._shown(found)
            return provider_pb2.ReadResponse(
                id=id_,
                properties=properties.write(self._shown(outputs)),
                inputs=properties.write(found),
            )

        return answered(context, f"read {_label(request)}", act)

    def Update(self, request: Any, context: Any) -> Any:
        from rehearsal.provider import lifecycle

        def act() -> Any:
            resource = self._resource(request)
            state, news = properties.read(request.olds), properties.read(request.news)
            old_inputs = properties.read(request.old_inputs) if request.HasField("old_inputs") else dict(state)
            ignored(request.ignoreChanges, old_inputs, news)
            if request.preview:
                made = lifecycle.preview_update(resource, self.account, state, old_inputs, news)
                return provider_pb2.UpdateResponse(properties=properties.write(made))
            outputs = lifecycle.update(resource, self.account, request.id, state, old_inputs, news)
            return provider_pb2.UpdateResponse(properties=properties.write(self._shown(outputs)))

        return answered(context, f"update {_label(request)}", act)

    def Delete(self, request: Any, context: Any) -> Any:
        from rehearsal.provider import lifecycle

        def act() -> Any:
            resource = self._resource(request)
            lifecycle.delete(resource, self.account, request.id, properties.read(request.properties))
            return empty_pb2.Empty()

        return answered(context, f"delete {_label(request)}", act)

    # -- functions ---------------------------------------------------------------------------------------------------

    def Invoke(self, request: Any, context: Any) -> Any:
        from rehearsal.provider.invokes import invoke

        def act() -> Any:
            found = invoke(self.account, request.tok, properties.read(request.args))
            return provider_pb2.InvokeResponse(**{"return": properties.write(found)})

        return answered(context, f"invoke {request.tok}", act)

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def account(self) -> Account:
        """The account, once configured."""
        if self._account is None:
            raise Misconfigured("the provider wasn't configured before it was used")
        return self._account

    def _resource(self, request: Any) -> Resource:
        from rehearsal.provider.types import TYPES

        token = request.type or request.urn.split("::")[2].rpartition("$")[2]
        if token not in TYPES:
            raise UnknownType(
                f"the rehearsal's provider has no type {token} (resource {_name(request)}). It stands in for "
                f"pulumi-aws {VERSION} with these types: {', '.join(sorted(TYPES))}. Try this one on a real account.",
            )
        return TYPES[token]

    def _shown(self, outputs: Properties) -> Properties:
        """Outputs without the tags that the configuration says to ignore."""
        configuration = self._configuration
        if configuration is None or not (configuration.ignored_keys or configuration.ignored_prefixes):
            return outputs
        prefixes = tuple(configuration.ignored_prefixes)
        made = dict(outputs)
        for name in ("tags", "tagsAll"):
            if isinstance(made.get(name), dict):
                kept = {k: v for k, v in made[name].items() if k not in configuration.ignored_keys}
                made[name] = {k: v for k, v in kept.items() if not (prefixes and k.startswith(prefixes))}
        return made


def _name(request: Any) -> str:
    return str(request.name or request.urn.split("::", 3)[3])


def _label(request: Any) -> str:
    token = request.type or request.urn.split("::")[2].rpartition("$")[2]
    return f'{token} "{_name(request)}"'


def ignored(paths: Any, old: Properties, new: Properties) -> None:
    """Changes to be ignored: the old input is taken for the new one (whole properties; the engine resets the rest)."""
    for path in paths:
        if path in old:
            new[path] = old[path]


def start(port: int = 0) -> tuple[Any, int]:
    """Serve on loopback; returns the server and its port."""
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    server = grpc.server(futures.ThreadPoolExecutor(32), options=unlimited)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server, bound
