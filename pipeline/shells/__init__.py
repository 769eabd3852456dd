"""
`holdfast connect` and `holdfast session-logs`: shells in the containers of an endpoint, and what is logged of them.

Place: between the account and the command. What target ids, log streams and prefixes look like says
`knowledge.session_manager`; who may connect is decided by IAM, and whether the access is on by the stack.
"""
