"""What few orders have, beside the 32 bytes of every order."""
