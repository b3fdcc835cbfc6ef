"""The hosted pages, one file a page: sign-in, consent, select account, sign-out, home; and the tenant's look."""
