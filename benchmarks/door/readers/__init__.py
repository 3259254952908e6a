"""One contender at the door a module: ``opened(home)`` to read, ``build(home, ...)`` to make."""
