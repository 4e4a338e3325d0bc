"""One module for each format of tick files; see `importing.TickReader`."""
