"""The chapters in the order in which they run: each begins with what the ones before it have learnt."""

from idp.dev.postman.chapters import (
    activity,
    clients,
    consents,
    farewell,
    invitations,
    people,
    platform,
    protocol,
    resources,
    roles,
    settings,
    sign_in,
    tokens,
)

CHAPTERS = (
    protocol.CHAPTER,
    sign_in.CHAPTER,
    tokens.CHAPTER,
    people.CHAPTER,
    invitations.CHAPTER,
    roles.CHAPTER,
    roles.IN_GROUPS,
    clients.CHAPTER,
    resources.CHAPTER,
    consents.CHAPTER,
    activity.CHAPTER,
    farewell.CHAPTER,
    settings.CHAPTER,
    settings.OF_DOMAINS,
    settings.OF_MAIL,
    settings.OF_KEYS,
    settings.OF_LIMITS,
    platform.ACTING,
    platform.CHAPTER,
)
