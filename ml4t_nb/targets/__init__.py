"""Whom a store tells: targets as they are set up, and messages sent to them."""
