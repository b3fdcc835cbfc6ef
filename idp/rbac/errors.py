"""What can go wrong with roles, groups and permissions."""

from idp.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchRole(NotFound):
    """No role of this tenant has that name."""

    code = "no-such-role"


class NoSuchGroup(NotFound):
    """No group of this tenant has that name or id."""

    code = "no-such-group"


class NoSuchPermission(NotFound):
    """The API defines no permission of that name."""

    code = "no-such-permission"


class RoleNameTaken(Conflict):
    """Another role has the name."""

    code = "role-name-taken"


class GroupNameTaken(Conflict):
    """Another group has the name."""

    code = "group-name-taken"


class PermissionTaken(Conflict):
    """The product, or another API of the tenant, has a permission of that name."""

    code = "permission-taken"


class RoleIsBuiltin(Conflict):
    """Built-in roles are what they are."""

    code = "role-is-built-in"


class RoleCycle(Conflict):
    """A role would include itself by way of another."""

    code = "role-cycle"


class TooManyOfThem(Conflict):
    """A tenant has so many already that it looks like a mistake."""

    code = "too-many-of-them"


class RoleInvalid(Invalid):
    """Name, description, permissions or inclusions of a role or group cannot be so."""

    code = "role-invalid"


class PermissionInvalid(Invalid):
    """A permission cannot be called or described so."""

    code = "permission-invalid"


class OwnersArePeople(Invalid):
    """Ownership is held by people, one by one: no group has it and no role includes it."""

    code = "owners-are-people"


class ClientIsNoMachine(Invalid):
    """Only a client that acts for itself can hold a role: what people's clients may do is what their people may."""

    code = "client-is-no-machine"


class PermissionNeeded(Forbidden):
    """Whoever asks lacks the permission for it, or their token does."""

    code = "permission-needed"


class BeyondYourOwn(Forbidden):
    """It would give, take or control more than whoever asks may do themselves (R48)."""

    code = "beyond-your-own"


class LastOwner(Conflict):
    """Nobody would be left who may do everything."""

    code = "last-owner"
