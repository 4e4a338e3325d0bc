"""What venues' feeds sent, as it was recorded: read into events, and proven against itself."""
