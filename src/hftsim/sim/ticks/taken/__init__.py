"""What own orders took from recorded levels."""
