"""Who may do what: users, sessions, tokens, links, shares, permissions and the audit log."""
