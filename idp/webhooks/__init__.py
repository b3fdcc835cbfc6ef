"""Webhooks: where a tenant wants to hear what happened, and whether it did (Standard Webhooks, R52, R54).

An event that somebody subscribed to puts one message into the outbox, in its transaction; the worker makes a delivery
for each endpoint of it, signs it and sends it, again and again until it is acknowledged or given up.
"""
