"""Discord's REST API v10, as far as the local Discord speaks it."""
