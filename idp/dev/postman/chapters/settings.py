"""What a tenant decides for itself: policies, branding, domains, mail, keys; and what is used of its limits."""

from idp.api.tags import DOMAINS, KEYS, LIMITS, MAIL, SETTINGS
from idp.dev.postman.steps import LEFT_OUT, Chapter, Step

CHAPTER = Chapter(
    SETTINGS,
    "Policies and branding; in the end they are as before.",
    (
        Step("get-settings", learns={"accent": "accent"}),
        Step("change-settings", body={"password_min_length": LEFT_OUT}),
        Step("change-settings", "change settings back", body={"password_min_length": LEFT_OUT, "accent": "{{accent}}"}),
        Step("set-logo", file="logo.png"),
        Step("get-logo"),
        Step("remove-logo"),
    ),
)
OF_DOMAINS = Chapter(
    DOMAINS,
    "A domain that nobody proves, for want of its name server.",
    (
        Step("add-domain", body={"domain": "run-{{run}}.example"}, learns={"domain_id": "id"}),
        Step("list-domains"),
        Step("get-domain"),
        Step("verify-domain", expects=(422,)),
        Step("remove-domain"),
    ),
)
OF_MAIL = Chapter(
    MAIL,
    "Who mail is from; and what did not leave, which is nothing.  A test mail goes to people: a program is told so.",
    (
        Step("get-mail-settings"),
        Step("change-mail-settings", body={"smtp_url": LEFT_OUT}),
        Step("replace-mail-settings", body={"smtp_url": LEFT_OUT}),
        Step("clear-mail-settings"),
        Step("send-test-mail", expects=(403,)),
        Step("list-failed-mail"),
        Step("retry-mail", path={"message_id": "{{$guid}}"}, expects=(404,)),
    ),
)
OF_KEYS = Chapter(
    KEYS,
    "The next key signs now, or soon; the one after it is revoked before it ever signed, which hurts nobody.",
    (
        Step("rotate-keys"),
        Step("rotate-keys", "rotate keys once more", learns={"kid": "kid"}),
        Step("list-keys"),
        Step("get-key"),
        Step("revoke-key"),
    ),
)
OF_LIMITS = Chapter(LIMITS, "What is used of the limits.", (Step("list-limits"),))
