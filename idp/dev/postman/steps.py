"""What a chapter of the collection is made of: requests, mails that are waited for, and pages of a browser."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LEFT_OUT: Any = object()
"""Instead of a member of an example: it is not sent."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request.

    Attributes:
        operation: its id in the document.
        title: what it is called, where the id alone would stand twice.
        body: members that differ from the document's example, or all of it where it is no object.
        form: fields of a form.
        path: parts of the address; each is the variable of its name when left out.
        query: parameters.
        learns: variables, and where in the answer their values stand: ``{"role_id": "id"}``.
        client: prefix of the variables that hold the client's id and secret, where it authenticates by HTTP Basic.
        file: that is sent as it is, beside the collection.
        expects: statuses that are right here, where it cannot go well: nobody has a name server that lies for us.
        match: whether a change is on condition of the last ``ETag`` that was seen, where it can be.
        headers: further ones.
        before: script that runs before it.
        after: script that runs after it.
    """

    operation: str
    title: str = ""
    body: Any = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    learns: Mapping[str, str] = field(default_factory=dict)
    client: str = ""
    file: str = ""
    expects: tuple[int, ...] = ()
    match: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that comes before the next step.

    Attributes:
        title: what the request for it is called.
        to: variable that holds the address.
        into: variable for what is found.
        pattern: of JavaScript, around it.
        count: so many mails that match must be there; the newest is read.
    """

    title: str
    to: str
    into: str
    pattern: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """What somebody does in a browser: a page of ours is opened, or its form sent.

    Attributes:
        title: what the request is called.
        path: below the issuer.
        form: fields of the form that the page before had; its hidden ones are sent with them.  None opens the page.
        query: parameters.
        ends: whether this leads back to the application, where nobody follows.
    """

    title: str
    path: str
    form: Mapping[str, str] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """A folder."""

    name: str
    description: str
    steps: Sequence[Step | Mail | Page]
