"""Roles of a tenant and who holds them.

Owns roles and role_assignments.  Built-in roles are made with the tenant and cannot be edited.
"""
