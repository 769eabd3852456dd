"""
Findings: how it is said.

One form of a finding for rules, guards and checks, the exemptions somebody answers for, and the reports made of them:
terminal, JSON, Markdown, SARIF, JUnit. This room knows no other.
"""
