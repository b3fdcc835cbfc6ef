"""What people, groups and machine clients may do.

Owns the product's permission catalogue, the permissions that a tenant defines for its own applications, roles and what
they include, groups, and who holds what.  Decides who may grant what: nobody more than they may do themselves, and the
last owner stays (R46 to R48).  NIST RBAC (ANSI INCITS 359-2012): hierarchical roles.
"""
