"""What the desk answers, by subject; each function names itself with `answers`."""
