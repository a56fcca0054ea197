"""Raw events: identity, features as of a date, labels without leaks, live updates, and what users are worth."""
