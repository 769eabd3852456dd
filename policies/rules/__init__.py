"""The rules, one file each; `RULES` is the list of them."""
