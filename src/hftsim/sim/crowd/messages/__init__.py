"""From an intention to the matching engine and back."""
