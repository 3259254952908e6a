"""The provider of a folder of files: data that people already have."""

from ml4t_nb.providers.files.provider import FilesProvider

__all__ = ["FilesProvider"]
