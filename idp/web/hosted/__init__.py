"""The hosted pages, one file a page: how people come, sign in, recover, agree and sign out; and the tenant's look.

Every way in passes through `flows`; what only says how something ended is an `outcome`.
"""
