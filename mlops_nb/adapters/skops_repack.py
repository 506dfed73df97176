"""Making skops files the same for the same model.

skops writes memory addresses as ids, file names that hold them, random UUIDs and sets in hash order. A file is
therefore repacked: ids and names are counted in order of appearance, arrays of equal content share one file, zip
dates are fixed and nothing is compressed (builds of zlib differ).
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
# Values that can't change are never shared on purpose: whether Python happened to intern one must leave no trace.
_SHARED = frozenset({"DictNode", "DefaultDictNode", "ListNode", "SetNode", "ObjectNode", "NdArrayNode", "TreeNode"})
# id() of an argument, kept by text vectorizers to warn once; without it they look again.
_ADDRESSES = frozenset({"_stop_words_id"})


def repack(data: bytes) -> bytes:
    """A skops file as the bytes that every dump of an equal model gives; still a skops file."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        schema = json.loads(file.read(SCHEMA))
        names = _Names({name: file.read(name) for name in file.namelist() if name != SCHEMA})
    _renumber(schema, names)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for name, content in names.written.items():
            file.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        file.writestr(zipfile.ZipInfo(SCHEMA, _EPOCH), json.dumps(schema, separators=(",", ":")))
    return target.getvalue()


class _Names:
    """New ids and file names, in order of appearance."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.written: dict[str, bytes] = {}
        self._files: dict[bytes, str] = {}
        self._ids: dict[int, int] = {}
        self._count = 0

    def id(self, old: int, shared: bool) -> int:
        if shared and old in self._ids:
            return self._ids[old]
        self._count += 1
        if shared:
            self._ids[old] = self._count
        return self._count

    def file(self, old: str) -> str:
        content = self.contents[old]
        if old.endswith(".npy"):
            content = _without_padding(content)
        if content not in self._files:
            name = f"{len(self._files)}.{old.rpartition('.')[2]}"
            self._files[content] = name
            self.written[name] = content
        return self._files[content]


def _renumber(node: Any, names: _Names) -> None:
    if isinstance(node, list):
        for item in node:
            _renumber(item, names)
    if not isinstance(node, dict):
        return
    loader = node.get("__loader__")
    _settle(loader, node)
    if isinstance(node.get("__id__"), int) and loader is not None:
        shared = loader in _SHARED and node.get("__class__") not in {"str_", "bytes_"}
        node["__id__"] = names.id(node["__id__"], shared)
    if loader is not None and isinstance(node.get("file"), str):
        node["file"] = names.file(node["file"])
    for key, value in node.items():
        if key != "__id__":
            _renumber(value, names)


def _settle(loader: str | None, node: dict[str, Any]) -> None:
    """Take out of a node's content what differs from process to process."""
    if loader == "SetNode":
        node["content"].sort(key=_without_ids)
    if loader == "DictNode":
        for name in _ADDRESSES & node["content"].keys():
            node["content"][name] = {**node["content"][name], "content": "null"}


def _without_padding(content: bytes) -> bytes:
    """The same array with zeros between its fields: the nodes of a tree carry memory that was never written."""
    import numpy as np

    if b"'descr': [" not in content[:128]:
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    target = io.BytesIO()
    np.save(target, clean, allow_pickle=False)
    return target.getvalue()


def _without_ids(node: Any) -> str:
    if isinstance(node, dict):
        return repr([(key, _without_ids(value)) for key, value in node.items() if key != "__id__"])
    return repr([_without_ids(item) for item in node]) if isinstance(node, list) else repr(node)
