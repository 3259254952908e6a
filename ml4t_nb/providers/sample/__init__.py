"""The provider of real daily bars shipped with the package."""
