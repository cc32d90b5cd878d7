"""Sealpost."""
