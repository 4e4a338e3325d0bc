"""The work on one message, step by step."""
