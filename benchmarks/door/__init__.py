"""What a person calls, in stores of 20, 2,000 and 20,000 datasets, beside the peers' best ways."""
