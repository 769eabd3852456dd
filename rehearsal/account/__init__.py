"""The emulated AWS account: moto in a process of its own, extended where SageMaker's behaviour matters.

`ensure(account_id, home)` starts the account's process or finds it running, and returns an `Account` with the URL for
AWS clients (`url`) and what steers the emulation: faults, clock, patching, log of calls, dump. docs/account.md
describes it.
"""

from rehearsal.account.client import Account, ensure
from rehearsal.account.errors import AccountError, JournalError, UnknownFault

__all__ = ["Account", "AccountError", "JournalError", "UnknownFault", "ensure"]
