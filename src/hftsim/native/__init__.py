"""What lets one strategy class run interpreted or compiled over the same memory."""
