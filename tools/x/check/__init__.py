"""The rules of ./x check. Each module here has `findings(tree)` for one family of rules."""
