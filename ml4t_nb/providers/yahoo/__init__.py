"""The provider that asks Yahoo Finance through yfinance."""
