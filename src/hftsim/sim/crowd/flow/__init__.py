"""Statistical order flow."""
