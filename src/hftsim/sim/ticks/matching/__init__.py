"""When own orders trade."""
