"""Exchange calendars: when bars are expected, and when they are final."""
