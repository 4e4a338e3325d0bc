"""What the strategy's machine has received."""
