from parity_sdk import Thing, env, options

Thing(
    "a", value=env("V", "1"), other=env("O", "1"), opts=options(ignore_changes=["value"], replace_on_changes=["other"])
)
