"""Small pages without Panel: to sign in, to sign out, and what went wrong. They fetch nothing and need no script."""

from __future__ import annotations

from functools import cache
from importlib import resources

from mlops_nb.show.page import escape

_LOOK = (
    "(function(r){if(!r.dataset.theme){r.dataset.theme="
    'matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"}})(document.documentElement)'
)


@cache
def _style() -> str:
    folder = resources.files("mlops_nb.pages")
    return "".join(
        (folder / name).read_text("utf-8") for name in ("frame/palette.css", "frame/ground.css", "plain.css")
    )


def document(title: str, body: str, look: str = "") -> str:
    """A whole page. `body` is HTML, `look` is 'light', 'dark' or '' for what the system asks for."""
    theme = f' data-theme="{look}"' if look in ("light", "dark") else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en"{theme}>\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · mlops_nb</title><link rel="icon" href="data:,">'
        f"<script>{_LOOK}</script><style>{_style()}</style></head>\n<body><main>{body}</main></body>\n</html>\n"
    )


def sign_in(
    look: str, project: str, form: str, then: str, name: str = "", trouble: str = "", guests: bool = True
) -> str:
    """The page to sign in.

    Args:
        look: Light or dark.
        project: Whose dashboard it is.
        form: The hidden field that protects the form.
        then: Where to go afterwards.
        name: What was typed before.
        trouble: Why it did not work.
        guests: Whether one can go on without.
    """
    said = f'<p role="alert" id="trouble">{escape(trouble)}</p>' if trouble else ""
    ties = ' aria-describedby="trouble" aria-invalid="true"' if trouble else ""
    back = f'<p><a href="{escape(then)}">Go on without signing in</a>, to read only.</p>' if guests else ""
    body = (
        f'<h1>Sign in</h1><p class="muted">to the dashboard of {escape(project)}</p>{said}'
        f'<form method="post" action="login">{form}<input type="hidden" name="next" value="{escape(then)}">'
        f'<label for="username">Name</label><input id="username" name="username" value="{escape(name)}" '
        f'autocomplete="username" autocapitalize="none" spellcheck="false" '
        f"required{'' if name else ' autofocus'}{ties}>"
        '<label for="password">Password</label><input id="password" name="password" type="password" '
        f'autocomplete="current-password" required{" autofocus" if name else ""}{ties}>'
        f'<button type="submit">Sign in</button></form>{back}'
    )
    return document("Sign in", body, look)


def signed_out(look: str) -> str:
    """What one sees after signing out."""
    links = '<p><a href="home">Go to Home</a></p><p><a href="login">Sign in again</a></p>'
    return document("Signed out", f'<h1>You are signed out</h1><p role="status">On this browser.</p>{links}', look)


def sign_out(look: str, form: str) -> str:
    """Asks whether to sign out: when another page may have sent the visitor."""
    body = f'<h1>Sign out?</h1><form method="post" action="logout">{form}<button type="submit">Sign out</button></form>'
    return document("Sign out", f'{body}<p><a href="home">Stay signed in</a></p>', look)


def trouble(look: str, title: str, sentence: str, home: bool = True) -> str:
    """What went wrong, in plain words, and the way back."""
    back = '<p><a href="/home">Go to Home</a></p>' if home else ""
    return document(title, f'<h1>{escape(title)}</h1><p role="alert">{escape(sentence)}</p>{back}', look)
