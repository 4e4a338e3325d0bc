"""One module per command or family of commands; each imports what it calls when it is called."""
