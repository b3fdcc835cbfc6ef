"""The chapters in the order in which they run: each begins with what the ones before it have learnt."""

from idp.dev.postman.chapters import protocol, roles, sign_in, tokens

CHAPTERS = (
    protocol.CHAPTER,
    sign_in.CHAPTER,
    tokens.CHAPTER,
    roles.CHAPTER,
)
