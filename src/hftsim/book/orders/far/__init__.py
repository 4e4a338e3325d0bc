"""Price levels outside of the ladder's window."""
