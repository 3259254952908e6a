"""Rules on stored bars: which are suspicious, and by what evidence."""
