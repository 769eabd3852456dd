"""
Policies: what is refused.

A *rule* (`policies/rules/`, one small file each) states a compliant condition and judges one resource or one stack
against it. A *pack* (`policies/endpoint_integrity/`, `container_access/`, `everything/`) is a folder that Pulumi starts
as a process; it says how much each rule weighs. This room reads knowledge and findings and knows no other.
"""
