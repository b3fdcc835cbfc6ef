"""The authorization endpoint: a request is checked rule by rule, stored, and resumed until it is answered.

Steps (login, consent, …) never call one another: each returns to `dispatch.next_step`, which decides again from the
database.  RFC 6749 §4.1.1, RFC 9126, OpenID Connect Core §3.1.2.
"""
