"""Parts of documents, and the operator who declares them."""

from idp.actor import Actor, ActorKind
from idp.ids import new_id

WEB = {"name": "Notes", "redirect_uris": ["https://notes.example/callback"]}
MACHINE = {"name": "Backend", "type": "machine", "scope": "users:read"}
API = {"identifier": "https://api.example", "name": "API", "scope": ["notes"], "permissions": {"notes:see": "See"}}
OPERATOR = Actor(ActorKind.OPERATOR, id=new_id(), is_trusted=True)
