"""A provider that is as slow, silent, loud or broken as a test wants it to be."""
