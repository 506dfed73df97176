"""What the verbs of people return."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_nb.results import Result


@dataclass(frozen=True, slots=True, repr=False)
class Member(Result):
    """Somebody of this project.

    Args:
        name: As they sign in to the dashboard; with OAuth, as the provider calls them.
        role: 'viewer', 'editor' or 'approver'.
        signs_in: 'password' or 'OAuth'.
        key: Whether they have a key, by which kernels and shells know them.
        system: Names by which the operating system knows them.
    """

    name: str
    role: str
    signs_in: str
    key: bool = False
    system: tuple[str, ...] = ()


class _Holder(Result):
    """What is not a field is not shown, compared, pickled or turned into JSON."""

    __slots__ = ("_secret", "_tell")
    _secret: str
    _tell: bool


@dataclass(frozen=True, slots=True, repr=False)
class Key(_Holder):
    """A key that was just made. It shows itself without the key, which `.secret` gives, and nothing gives again.

    Args:
        name: Whose it is.
        kept: The file that it was kept in; empty when it was not.
        use: What to do with it.
    """

    name: str
    kept: str
    use: str

    @classmethod
    def made(cls, name: str, secret: str, kept: str, tell: bool) -> Key:
        """The key of somebody.

        Args:
            name: The person.
            secret: The key itself.
            kept: The file that it was kept in.
            tell: Whether a shell may print it where it could stay: into a pipe, a file, a notebook.
        """
        use = "kernels and shells of this user are known by it" if kept else _HAND_OVER
        key = cls(name, kept, use)
        object.__setattr__(key, "_secret", secret)
        object.__setattr__(key, "_tell", tell)
        return key

    def confided(self, eyes_only: bool) -> str:
        """The key, for a shell to print; empty where nobody asked for it and it would stay.

        Args:
            eyes_only: The output is a terminal that a person looks at.
        """
        return self._secret if self._tell or (eyes_only and not self.kept) else ""

    @property
    def secret(self) -> str:
        """The key: what MLOPS_NB_KEY has to hold. It is shown nowhere again."""
        return self._secret


_HAND_OVER = "hand over what .secret gives, for their MLOPS_NB_KEY; or make another with --keep, for this user"
