"""Fee tiers by the volume traded."""
