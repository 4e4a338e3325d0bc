"""Order flow that reacts to the lengths of the queues."""
