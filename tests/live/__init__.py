"""Tests of subscriptions: hub, tails, streams, both transports, and all of it over the sandbox."""
