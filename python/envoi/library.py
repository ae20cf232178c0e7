# SPDX-License-Identifier: MIT
"""A library object: the plugins, the trust and the TLS sessions to resume, which sessions share."""
from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

from ._core import NULL, CData, Object, call, ffi, give, give_path, lib, make, make_error, take
from .enums import LogLevel, TLSVersion

PLUGIN_KEYS = ("id", "kind", "provides", "module", "abi", "enabled", "priority", "critical", "require-tls", "prefer",
               "state")


@dataclasses.dataclass(frozen=True)
class Plugin:
    """A plugin that plugins.d describes, usable or not."""

    index: int
    id: str
    state: str
    """"available" (not loaded yet), "loaded", "disabled" or "unusable" """
    values: dict[str, str]
    """the keys of its descriptor, "id" and "state" """
    sources: dict[str, str]
    """where each value comes from: a file and line, "built in" or "default"; of "state" the reason"""


def version() -> str:
    """The version of the library at run time."""
    return take(lib.envoi_version())


class Library(Object):
    """Shared by sessions and pools. A program needs one only for settings of its own: a session without one uses a
    Library that is made for the process when it is first needed. Settings come before the first session."""

    def __init__(self, *, ca_file: str | os.PathLike[str] | None = None, system_trust: bool | None = None,
                 crl_file: str | os.PathLike[str] | None = None, min_tls: TLSVersion | None = None,
                 ciphers: str | None = None, tls_backend: str | None = None, tls_resumption: bool | None = None,
                 module_directory: str | os.PathLike[str] | None = None,
                 vendor_directory: str | os.PathLike[str] | None = None,
                 log: Callable[[LogLevel, str], object] | None = None) -> None:
        super().__init__(make(lib.envoi_library_new, "envoi_library"), lib.envoi_library_free)
        self._log_handle: CData = NULL
        given = ((log, self.set_log), (module_directory, self.set_module_directory),
                 (vendor_directory, self.set_vendor_directory), (ca_file, self.set_ca_file),
                 (system_trust, self.set_system_trust), (crl_file, self.set_crl_file), (min_tls, self.set_min_tls),
                 (ciphers, self.set_ciphers), (tls_backend, self.set_tls_backend),
                 (tls_resumption, self.set_tls_resumption))
        for value, setter in given:
            if value is not None:
                setter(value)  # type: ignore[operator]

    def _set(self, function: Callable[..., int], *arguments: object) -> None:
        code = call(self, function, *arguments)
        if code:
            name = getattr(function, "__name__", "")
            raise make_error(code, f"{name.replace('envoi_library_', '')}: {take(lib.envoi_error_text(code))}")

    def forget_refusals(self) -> None:
        """Forgets the passwords and tokens that servers have refused, so that they are presented again."""
        lib.envoi_library_forget_refusals(self._pointer)  # any thread, any time

    def set_log(self, log: Callable[[LogLevel, str], object] | None) -> None:
        """Sets the function that is told of events that are not results. Any thread that uses the object may call it."""
        handle = ffi.new_handle(log) if log else NULL
        self._set(lib.envoi_library_set_log, lib.python_log if log else NULL, handle)
        self._log_handle = handle

    # ---- plugins ----

    def set_module_directory(self, path: str | os.PathLike[str]) -> None:
        """Sets the directory of modules, an absolute path, instead of the compiled-in one."""
        self._set(lib.envoi_library_set_module_directory, give_path(path))

    def set_descriptor_directories(self, vendor: str | os.PathLike[str] | None,
                                   user: str | os.PathLike[str] | None = None,
                                   admin: str | os.PathLike[str] | None = None) -> None:
        """Sets the directories of plugins.d, absolute paths, instead of the compiled-in ones."""
        self._set(lib.envoi_library_set_descriptor_directories, give_path(vendor), give_path(user), give_path(admin))

    def set_vendor_directory(self, path: str | os.PathLike[str] | None) -> None:
        """Sets the directory of the vendor's descriptors. The administrator's stays."""
        self._set(lib.envoi_library_set_vendor_directory, give_path(path))

    def use_user_descriptors(self) -> None:
        """Reads ~/.config/envoi/plugins.d, too."""
        self._set(lib.envoi_library_use_user_descriptors)

    def plugins(self) -> list[Plugin]:
        """The plugins, in the order of kind, priority and id."""
        return call(self, _read_plugins)

    def check_plugin(self, index: int, load: bool = False) -> None:
        """Looks whether a plugin can be used; load: by loading it."""
        self._set(lib.envoi_library_check_plugin, index, load)

    def warnings(self) -> list[str]:
        """The faults in plugins.d, as "FILE:LINE: reason"."""
        return call(self, _read_warnings)

    # ---- TLS ----

    def set_tls_backend(self, id: str | None) -> None:
        """Chooses the TLS backend: "openssl" or "gnutls"."""
        self._set(lib.envoi_library_set_tls_backend, give(id))

    def set_ca_file(self, path: str | os.PathLike[str] | None) -> None:
        """Sets a PEM file of trusted CA certificates, instead of the system's."""
        self._set(lib.envoi_library_set_ca_file, give_path(path))

    def set_system_trust(self, on: bool) -> None:
        """Says whether the system's CA certificates are trusted."""
        self._set(lib.envoi_library_set_system_trust, on)

    def set_crl_file(self, path: str | os.PathLike[str] | None) -> None:
        """Sets a PEM file of certificate revocation lists."""
        self._set(lib.envoi_library_set_crl_file, give_path(path))

    def set_min_tls(self, version: TLSVersion) -> None:
        """Sets the lowest TLS version."""
        self._set(lib.envoi_library_set_min_tls, version)

    def set_ciphers(self, ciphers: str | None) -> None:
        """Sets an OpenSSL cipher list or a GnuTLS priority string."""
        self._set(lib.envoi_library_set_ciphers, give(ciphers))

    def set_tls_resumption(self, on: bool) -> None:
        """Says whether TLS sessions are resumed."""
        self._set(lib.envoi_library_set_tls_resumption, on)


def _read_plugins(library: CData) -> list[Plugin]:
    plugins = []
    for i in range(lib.envoi_library_plugins(library)):
        values, sources = {}, {}
        for key in PLUGIN_KEYS:
            value = lib.envoi_library_plugin_value(library, i, key.encode())
            if value != NULL:
                values[key] = take(value)
                sources[key] = take(lib.envoi_library_plugin_source(library, i, key.encode()))
        plugins.append(Plugin(i, values["id"], values["state"], values, sources))
    return plugins


def _read_warnings(library: CData) -> list[str]:
    return [take(lib.envoi_library_warning(library, i)) for i in range(lib.envoi_library_warnings(library))]


_default: list[Library] = []


def default_library() -> Library:
    """The Library of sessions and pools that are given none."""
    if not _default:
        _default.append(Library())
    return _default[0]
