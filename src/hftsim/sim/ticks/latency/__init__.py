"""How long messages take."""
