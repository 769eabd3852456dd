"""Every command of the rehearsal and every option it takes: the table that reading, help and docs go by.

The names are those of Pulumi's command, so that the Automation API and fingers find them. An option that isn't here is
refused; one that is here does what it says, or says that it changes nothing.
"""

from __future__ import annotations

from rehearsal.command.arguments import Command, Flag, Reader

MANY = 1_000


def _switch(name: str, about: str, short: str = "", *, hidden: bool = False) -> Flag:
    return Flag((name,), "switch", about, short, hidden=hidden)


def _text(name: str, about: str, short: str = "", *, hidden: bool = False) -> Flag:
    return Flag((name,), "text", about, short, hidden=hidden)


EVERYWHERE = (
    _text("cwd", "Run as if started in this folder", "C"),
    _text("color", "always, never, raw or auto (default auto: only on a terminal)"),
    _switch("non-interactive", "Never ask; fail instead"),
    Flag(("verbose",), "number", "Accepted; the rehearsal keeps no log of its own to make longer", "v"),
    _switch("logtostderr", "Accepted; the rehearsal keeps no log of its own"),
    _switch("logflow", "Accepted; the rehearsal keeps no log of its own"),
    _switch("emoji", "Accepted; the display has none beside the policies' marks", "e"),
    _switch("fully-qualify-stack-names", "Show stacks as organization/project/stack", "Q"),
)

STACK = _text("stack", "The stack (default: the selected one, or PULUMI_STACK)", "s")
CONFIG_FILE = _text("config-file", "Use this file in place of Pulumi.<stack>.yaml")
JSON = _switch("json", "Print JSON", "j")
PATH = _switch("path", "The key is a path into an object or list")
SHOW_SECRETS = _switch("show-secrets", "Show secrets in clear")
SECRET = _switch("secret", "Encrypt the value")
PLAINTEXT = _switch("plaintext", "Keep the value in clear")
SECRETS_PROVIDER = _text("secrets-provider", "passphrase (the only one the rehearsal has; `default` means it too)")
CONFIRMED = _switch("yes", "Don't ask", "y")

CONFIGURATION = (
    Flag(("config",), "each", "key=value: set for this run and keep in the stack's file", "c"),
    _switch("config-path", "Keys of --config are paths"),
    CONFIG_FILE,
)
DISPLAY = (
    _switch("diff", "Show what changes, property by property"),
    JSON,
    _text("event-log", "Write engine events to this file as JSON lines, or send them to tcp://host:port"),
    _switch("show-config", "Show the settings first"),
    _switch("show-full-output", "Show long values in full"),
    _switch("show-policy-remediations", "Show each remediation"),
    _switch("show-reads", "Show resources that are only read"),
    _switch("show-replacement-steps", "Show the steps of a replacement singly"),
    _switch("show-sames", "Show resources that don't change"),
    _switch("show-secrets", "Show secret stack outputs in clear"),
    _switch("suppress-outputs", "Don't show stack outputs"),
    _switch("suppress-progress", "Don't show progress, only the result"),
    Flag(("suppress-permalink",), "optional", "Accepted; a rehearsal has no permalink"),
    _switch("urns", "Show URNs in place of names"),
    _switch("debug", "Show debug messages", "d"),
)
RUN = (
    STACK,
    *CONFIGURATION,
    *DISPLAY,
    _text("message", "A word about this run, kept in the history", "m"),
    Flag(("parallel",), "number", "How many operations at once (1: strictly one after another)", "p"),
    _switch("expect-no-changes", "Fail when anything changes"),
    Flag(("target",), "each", "Only this URN (* and ** match)", "t"),
    _switch("target-dependents", "And what depends on the targets"),
    Flag(("exclude",), "each", "All but this URN (* and ** match)", "x"),
    _switch("exclude-dependents", "Nor what depends on what is excluded"),
    _switch("run-program", "Run the program too: for destroy (delete hooks want it), refresh, and with --refresh"),
    _text("exec-kind", "Who runs this: cli, auto.local", hidden=True),
    _text("exec-agent", "Who runs this", hidden=True),
)
IGNORE_PROTECT = _switch("ignore-protect", "Delete and replace protected resources too")
UPDATE = (
    Flag(("refresh",), "optional", "Look at what is really there first", "r"),
    Flag(("replace",), "each", "Replace this URN (* and ** match)"),
    Flag(("target-replace",), "each", "Only this URN, and replace it"),
    Flag(("policy-pack",), "list", "Judge by the policy pack in this folder (repeatable)"),
    Flag(("policy-pack-config",), "list", "Configuration of the pack named at the same place (repeatable)"),
    SECRETS_PROVIDER,
    IGNORE_PROTECT,
)
ACT = (
    CONFIRMED,
    _switch("skip-preview", "Don't preview first", "f"),
    _switch("continue-on-error", "Go on with what doesn't depend on a failure"),
)
PREVIEW_ONLY = _switch("preview-only", "Only show what would happen")

COMMANDS = (
    Command((), "Pulumi's command over the rehearsal's embedded engine: nothing in AWS is ever touched."),
    Command(("version",), "The version.", "about:version"),
    Command(("whoami",), "The user and where state lies.", "about:whoami", flags=(JSON, _switch("verbose", "More"))),
    Command(("about",), "What this is and what it runs on.", "about:about", flags=(JSON, STACK)),
    Command(("login",), "Says where state lies: there is nothing to log in to.", "about:login", "[URL]", (0, 1)),
    Command(("install",), "Checks that what the program needs is installed.", "about:install"),
    Command(("plugin",), "Plug-ins."),
    Command(("plugin", "ls"), "Lists the plug-ins the rehearsal brings.", "about:plugins", flags=(JSON,)),
    Command(
        ("preview",),
        "Shows what `up` would do.",
        "run:preview",
        flags=(*RUN, *UPDATE, IGNORE_PROTECT),
        aliases=("pre",),
    ),
    Command(
        ("up",),
        "Brings the account to what the program says.",
        "run:up",
        "",
        (0, 0),
        (*RUN, *UPDATE, *ACT),
        ("update",),
    ),
    Command(
        ("destroy",),
        "Deletes everything in the stack.",
        "run:destroy",
        flags=(
            *RUN,
            *ACT,
            PREVIEW_ONLY,
            IGNORE_PROTECT,
            UPDATE[0],
            _switch("exclude-protected", "Leave protected resources and what they need"),
            _switch("remove", "Remove the stack afterwards"),
        ),
        aliases=("down", "dn"),
    ),
    Command(("refresh",), "Records what is really there.", "run:refresh", flags=(*RUN, *ACT[:2], PREVIEW_ONLY)),
    Command(("cancel",), "Stops the run that holds the stack.", "stack:cancel", "[STACK]", (0, 1), (STACK, CONFIRMED)),
    Command(
        ("stack",),
        "The selected stack.",
        "stack:show",
        flags=(
            STACK,
            _switch("show-urns", "Show URNs", "u"),
            _switch("show-ids", "Show ids", "i"),
            _switch("show-name", "Only the name"),
            SHOW_SECRETS,
        ),
    ),
    Command(
        ("stack", "init"),
        "Makes a stack and selects it.",
        "stack:init",
        "[STACK]",
        (0, 1),
        (
            STACK,
            SECRETS_PROVIDER,
            _switch("no-select", "Don't select it"),
            _text("copy-config-from", "Settings of this stack"),
        ),
    ),
    Command(
        ("stack", "select"),
        "Selects a stack.",
        "stack:select",
        "[STACK]",
        (0, 1),
        (
            STACK,
            _switch("create", "Make it if it isn't there", "c"),
            SECRETS_PROVIDER,
        ),
    ),
    Command(
        ("stack", "ls"),
        "Lists the project's stacks.",
        "stack:listing",
        flags=(JSON, _switch("all", "Accepted; all stacks of this home are shown", "a")),
    ),
    Command(
        ("stack", "rm"),
        "Removes a stack.",
        "stack:remove",
        "[STACK]",
        (0, 1),
        (
            STACK,
            CONFIRMED,
            _switch("force", "Even with resources in it", "f"),
            _switch("preserve-config", "Keep its settings"),
        ),
    ),
    Command(("stack", "rename"), "Renames a stack.", "stack:rename", "NAME", (1, 1), (STACK,)),
    Command(
        ("stack", "export"),
        "Prints the stack's state.",
        "state:export",
        "",
        (0, 0),
        (
            STACK,
            _text("file", "Write it to this file"),
            SHOW_SECRETS,
        ),
    ),
    Command(
        ("stack", "import"),
        "Takes a state in.",
        "state:import_",
        "",
        (0, 0),
        (
            STACK,
            _text("file", "Read it from this file (default: standard input)"),
            _switch("force", "Even if it doesn't fit", "f"),
        ),
    ),
    Command(("stack", "output"), "Shows the outputs.", "state:output", "[NAME]", (0, 1), (STACK, JSON, SHOW_SECRETS)),
    Command(
        ("stack", "history"),
        "Lists the stack's runs.",
        "state:history",
        "",
        (0, 0),
        (
            STACK,
            JSON,
            SHOW_SECRETS,
            Flag(("page-size",), "number", "Runs a page (default 10)"),
            Flag(("page",), "number", "Which page (default 1)"),
            _switch("full-dates", "Dates in full"),
        ),
        ("hist",),
    ),
    Command(("stack", "tag"), "Tags of a stack."),
    Command(("stack", "tag", "ls"), "Lists tags.", "stack:tags", flags=(STACK, JSON)),
    Command(("stack", "tag", "get"), "Shows a tag.", "stack:tag_get", "NAME", (1, 1), (STACK,)),
    Command(("stack", "tag", "set"), "Sets a tag.", "stack:tag_set", "NAME VALUE", (2, 2), (STACK,)),
    Command(("stack", "tag", "rm"), "Removes a tag.", "stack:tag_remove", "NAME", (1, 1), (STACK,)),
    Command(("config",), "Shows the settings.", "config:show", flags=(STACK, CONFIG_FILE, JSON, SHOW_SECRETS)),
    Command(("config", "get"), "Shows one setting.", "config:get", "KEY", (1, 1), (STACK, CONFIG_FILE, JSON, PATH)),
    Command(
        ("config", "set"),
        "Keeps a setting.",
        "config:set_",
        "KEY [VALUE]",
        (1, 2),
        (
            STACK,
            CONFIG_FILE,
            SECRET,
            PLAINTEXT,
            PATH,
            _text("type", "string, bool, int or float: keep the value as that"),
        ),
    ),
    Command(
        ("config", "set-all"),
        "Keeps several settings.",
        "config:set_all",
        "",
        (0, 0),
        (
            STACK,
            CONFIG_FILE,
            PATH,
            Flag(("plaintext",), "each", "key=value, kept in clear"),
            Flag(("secret",), "each", "key=value, encrypted"),
            _text("json", "Settings as `pulumi config --json` prints them"),
        ),
    ),
    Command(("config", "rm"), "Removes a setting.", "config:remove", "KEY", (1, 1), (STACK, CONFIG_FILE, PATH)),
    Command(
        ("config", "rm-all"),
        "Removes several settings.",
        "config:remove",
        "KEY...",
        (1, MANY),
        (STACK, CONFIG_FILE, PATH),
    ),
    Command(
        ("config", "refresh"),
        "Takes the settings of the last run.",
        "config:refresh",
        "",
        (0, 0),
        (
            STACK,
            CONFIG_FILE,
            _switch("force", "Overwrite what differs", "f"),
        ),
    ),
)


def reader() -> Reader:
    """A reader for all commands."""
    return Reader(COMMANDS, EVERYWHERE)
