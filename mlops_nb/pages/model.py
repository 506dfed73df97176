"""What the verbs of this room return."""

from __future__ import annotations

from dataclasses import dataclass

from mlops_nb.results import Result


@dataclass(frozen=True, slots=True, repr=False)
class Dashboard(Result):
    """A dashboard that runs, in a process of its own.

    Args:
        url: The address of the page that was asked for.
        pid: The process.
        store: The `.mlops` folder.
        people: How many can sign in; the others read only, where guests may look.
    """

    url: str
    pid: int
    store: str
    people: int

    @property
    def running(self) -> bool:
        """Whether the process answers for this store still."""
        from mlops_nb.pages.starting import runs

        return runs(self)

    def stop(self) -> None:
        """End it; returns when it is gone. Does nothing when it is."""
        from mlops_nb.pages.starting import stop

        stop(self)

    def attend(self) -> None:
        """Stay as long as it runs, and end it when this process is told to end.

        Raises:
            MlopsError: It ended by itself; says why.
        """
        from mlops_nb.pages.starting import attend

        attend(self)
