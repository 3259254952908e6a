"""The provider of made-up bars on a real calendar."""
