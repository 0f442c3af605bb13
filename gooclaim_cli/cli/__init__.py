"""One module a command: parse, call, render, exit. No logic lives here."""
