"""Settings as far as they can be read: what is wrong with one must not hide what is wrong elsewhere."""

import base64
import os
import re
from collections.abc import Mapping

from idp.cli.doctor.finding import Finding
from idp.config import Misconfigured, Settings
from idp.crypto.secrets import new_seed

_NAMED = re.compile(r"\bIDP_[A-Z_]+[A-Z]\b")
_STAND_INS = {
    "IDP_BASE_URL": "http://localhost",
    "IDP_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "IDP_PLATFORM_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "IDP_MASTER_KEYS": "none:" + base64.b64encode(new_seed()).decode(),
}
_MOST_TRIES = 20


def read(environ: Mapping[str, str] | None) -> tuple[Settings, frozenset[str], Finding]:
    """Read the settings, of the environment when there are no others, and leave out those that are wrong.

    Returns:
        The settings, the names of those that are stand-ins or defaults because they were wrong, and the finding.

    Raises:
        Misconfigured: they cannot be read even without what is wrong.
    """
    tried = dict(os.environ if environ is None else environ)  # noqa: TID251 - `Settings` reads it, less what is wrong
    wrong, sentences = set[str](), list[str]()
    for _ in range(_MOST_TRIES):
        try:
            settings = Settings.load(tried)
        except Misconfigured as refused:
            named = {name.removesuffix("_FILE") for name in _NAMED.findall(str(refused))} - wrong
            if not named:
                raise
            sentences.append(str(refused))
            wrong |= named
            for name in named:
                tried.pop(name, None)
                tried.pop(f"{name}_FILE", None)
                if name in _STAND_INS:
                    tried[name] = _STAND_INS[name]
        else:
            return settings, frozenset(wrong), _finding(settings, sentences)
    raise Misconfigured("The settings cannot be read.")


def _finding(settings: Settings, sentences: list[str]) -> Finding:
    if sentences:
        return Finding("configuration", "ill", " ".join(sentences), "Correct them: docs/configuration.md.")
    return Finding("configuration", "well", f"{settings.base_url}{' (development)' if settings.dev else ''}")
