"""The rehearsal as a command of Pulumi's shape.

`main` reads the command line, finds project and stack, and hands over to one module a group of commands. What the
Automation API and a person at a prompt use is here; anything else is refused by name, never ignored.
"""
