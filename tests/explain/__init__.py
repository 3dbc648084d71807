"""Tests of explaining one row."""
