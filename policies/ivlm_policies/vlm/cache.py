"""What models answered, on disk: a question that was asked before costs nothing, and changes not a
bit."""

from __future__ import annotations

import os
import sys
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np

from ivlm_bench.atomic import put_whole
from ivlm_policies.vlm.client import Completion, Request

#: Environment variable of the folder.
FOLDER_VARIABLE = "IVLM_BENCH_VLM_CACHE"
#: Layout of an entry; part of every key.
VERSION = 1
_HASH_BYTES = 32


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer as it lies on disk; ``digest`` tells whether it is whole."""

    model: str
    prompt: str
    text: str
    finish: str
    refused: bool
    n_prompt_tokens: int | None
    n_written_tokens: int | None
    digest: str = ""

    def sealed(self) -> Entry:
        """Return the entry with the digest of its other fields."""
        bare = msgspec.structs.replace(self, digest="")
        digest = blake2b(msgspec.json.encode(bare), digest_size=_HASH_BYTES).hexdigest()
        return msgspec.structs.replace(bare, digest=digest)


class AnswerCache:
    """Answers by the content of their question; any number of processes may share the folder.

    A damaged entry is a miss, and told; a folder that can't be written to is told once.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writable = True

    def get(self, key: str) -> Completion | None:
        """Return what was answered to the question with this key, or None."""
        path = self._path(key)
        try:
            entry = msgspec.json.decode(path.read_bytes(), type=Entry)
        except OSError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError):
            entry = None
        if entry is None or entry.sealed().digest != entry.digest:
            _tell(f"the kept answer {path} was damaged and is asked for again")
            return None
        return Completion(
            entry.text, entry.finish, entry.refused, entry.n_prompt_tokens, entry.n_written_tokens
        )

    def put(self, key: str, request: Request, completion: Completion) -> None:
        """Keep an answer."""
        entry = Entry(
            model=request.model,
            prompt=request.prompt,
            text=completion.text,
            finish=completion.finish,
            refused=completion.refused,
            n_prompt_tokens=completion.n_prompt_tokens,
            n_written_tokens=completion.n_written_tokens,
        ).sealed()
        try:
            put_whole(self._path(key), msgspec.json.encode(entry))
        except OSError as error:
            if self._writable:
                _tell(
                    f"answers can't be kept in {self.folder} ({error.strerror or error}); make "
                    f"room there, or set {FOLDER_VARIABLE} to another folder"
                )
            self._writable = False

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"


def question_key(request: Request, dialect: str) -> str:
    """Return the key of a question: all that decides the answer but the server's address.

    Parameters
    ----------
    request
        Model, prompt, options and picture.
    dialect
        Name and version.
    """
    picture = request.picture
    shown = blake2b(np.ascontiguousarray(picture).tobytes(), digest_size=_HASH_BYTES).hexdigest()
    content = [VERSION, request.model, dialect, request.prompt, picture.shape, shown]
    fields = msgspec.json.encode([*content, dict(request.options)], order="deterministic")
    return blake2b(fields, digest_size=_HASH_BYTES).hexdigest()


def cache_folder() -> Path | None:
    """Return ``$IVLM_BENCH_VLM_CACHE``, else ``~/.cache/ivlm_bench/vlm``; None without a home."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    home = Path("~").expanduser() if os.environ.get("HOME") else None
    return None if home is None else home / ".cache" / "ivlm_bench" / "vlm"


def _tell(sentence: str) -> None:
    print(f"ivlm-bench: {sentence}.", file=sys.stderr, flush=True)
