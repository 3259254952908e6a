"""One contender a module; each needs nothing but its own package beside numpy."""
