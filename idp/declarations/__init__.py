"""A tenant as a document: read, compared with what is, and applied as a whole or not at all; and written from rows.

Owns the document, the plan and the order in which a plan is carried out.  Owns no rows: every change is a verb of the
package that owns the noun.  People and keys are never declared.
"""
