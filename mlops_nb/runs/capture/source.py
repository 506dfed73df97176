"""What a cell's source says: the literals it binds, the names it reads, the names it binds."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_CONTAINER_LIMIT = 20
_BLOCKS = (
    ast.For | ast.AsyncFor | ast.While | ast.If | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match
)  # fmt: skip
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a cell.

    `literals`: top-level name → value typed in the cell; `bound`, `read`: sets of names; `running`: the variables
    of its loops.
    """

    literals: Mapping[str, Any] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()


def names(source: str) -> Names:
    """Analyse a cell; one that does not parse has no names."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Names()
    literals: dict[str, Any] = {}
    bound: set[str] = set()
    running: set[str] = set()
    for statement in tree.body:
        for name, value in _bindings(statement):
            bound.add(name)
            literals.pop(name, None)  # the last binding counts
            found, literal = _literal(value) if value is not None else (False, None)
            if found:
                literals[name] = literal
    for node in _own(tree):
        if isinstance(node, ast.For | ast.AsyncFor):
            running |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
    read = _reads(source, tree) - _passing(tree)
    return Names(literals, frozenset(bound), frozenset(read), frozenset(running))


def _reads(source: str, tree: ast.Module) -> set[str]:
    """Top-level names that are read, also inside functions: a parameter of the same name is another one."""
    try:
        found: set[str] = set()
        waiting = [symtable.symtable(source, "<cell>", "exec")]
        while waiting:
            table = waiting.pop()
            outermost = table.get_type() == "module"
            found |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (outermost or s.is_global())}
            waiting += table.get_children()
        return found
    except SyntaxError:  # `symtable` may know no top-level `await`
        return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _passing(tree: ast.Module) -> set[str]:
    """Variables of comprehensions that nothing else reads: Python 3.12 and newer list them as the cell's own."""
    targets: set[str] = set()
    outside: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            loops = [loop.target for loop in node.generators]
            targets |= {n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)}
            waiting += [loop.iter for loop in node.generators]
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            outside.add(node.id)
        waiting += ast.iter_child_nodes(node)
    return targets - outside


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    """Top-level names that a statement binds, with the expression when it is bound to one."""
    if isinstance(statement, _BLOCKS):
        for inner in _own(statement):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id, None
        yield from _walruses(statement.test if isinstance(statement, ast.If) else None)
        return
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _pairs(target, statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield from _pairs(statement.target, statement.value)
    elif isinstance(statement, ast.AugAssign):
        yield from _pairs(statement.target, None)
    yield from _walruses(statement)


def _walruses(node: ast.AST | None) -> Iterator[tuple[str, ast.expr | None]]:
    for inner in [node, *_own(node)] if node is not None else []:
        if isinstance(inner, ast.NamedExpr):
            yield inner.target.id, inner.value


def _own(root: ast.AST) -> Iterator[ast.AST]:
    """The nodes of the cell's own scope: not those inside functions and classes, and not a comprehension's variable."""
    for child in ast.iter_child_nodes(root):
        if isinstance(child, _SCOPES):
            continue
        if isinstance(child, ast.comprehension):
            yield from _own(ast.Tuple([child.iter, *child.ifs], ast.Load()))
            continue
        yield child
        yield from _own(child)


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Starred):
        yield from _pairs(target.value, None)
    elif isinstance(target, ast.Tuple | ast.List):
        parts = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
        for i, part in enumerate(target.elts):
            yield from _pairs(part, parts[i] if parts else None)


def _literal(expression: ast.expr) -> tuple[bool, Any]:
    """Whether an expression is a literal that reads as a param, and its value (short containers as text)."""
    try:
        value = ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None
    if isinstance(value, str | int | float | bool | type(None)):
        return len(str(value)) <= 500 if isinstance(value, str) else True, value
    if isinstance(value, tuple | list | set | dict) and 0 < len(value) <= _CONTAINER_LIMIT:
        text = repr(value)
        return len(text) <= 500, text
    return False, None
