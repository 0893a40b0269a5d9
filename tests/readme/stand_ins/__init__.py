"""Programs that take the places of those that talk to somebody else's servers."""
