"""What one run changed of the stored bars: in one sentence, in a picture, in a table."""
