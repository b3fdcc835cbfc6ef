"""The Postman collection: every operation of the document once or more, in an order that runs green (schema v2.1.0).

Owns the steps of the walk and what makes requests of them; `collection` puts them together.
"""
