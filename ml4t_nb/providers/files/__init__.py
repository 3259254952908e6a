"""The provider of a folder of files: data that people already have."""
