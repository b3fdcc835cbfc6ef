"""The chapters in the order in which they run: each begins with what the ones before it have learnt."""

from idp.dev.postman.chapters import consents, farewell, invitations, people, protocol, roles, sign_in, tokens

CHAPTERS = (
    protocol.CHAPTER,
    sign_in.CHAPTER,
    tokens.CHAPTER,
    people.CHAPTER,
    invitations.CHAPTER,
    roles.CHAPTER,
    roles.IN_GROUPS,
    consents.CHAPTER,
    farewell.CHAPTER,
)
