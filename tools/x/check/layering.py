"""Who may include whose headers.

- A kernel module: its own, those of modules that it declares, libraries, the ABI.
- Declared modules lie below the declaring one.
- Libraries: libraries and the ABI. Services and apps: libraries, compat, the ABI.
- Drivers: the driver kernel API, driver libraries, libraries, the ABI.
- Nobody reaches into another component's folder by a relative path.
- Kernel code includes no hosted header of the C library.
"""
import os

from x.check.tree import KERNEL_MODULES, MODULE_ORDER, Component, Finding, component_of

DRIVER_API = "kernel/io-manager/include/driver/"
# Libraries made of system calls: of use to programs only.
USER_LIBRARIES = ("console", "keymap", "nucleus", "runtime-control", "state")

ALLOWED_KINDS = {
    "kernel": ("libs", "abi", "boot"),
    "libs": ("libs", "abi"),
    "services": ("libs", "compat", "abi"),
    "apps": ("libs", "compat", "abi"),
    "drivers": ("libs", "abi"),
    "boot": ("abi",),
    "abi": (),
    "compat": ("libs", "abi"),
}

FREESTANDING = ("stdint.h", "stddef.h", "stdarg.h", "stdbool.h", "limits.h", "stdatomic.h", "stdalign.h", "stdnoreturn.h",
                "float.h", "cpuid.h")
# What the compiler calls by itself, the numbers of the Linux ABI, and files that the build makes.
HOSTED_OK = ("string.h", "errno.h", "log_config.h", "screen_font_data.h")
# Constants of the Linux ABI.
KERNEL_HEADERS_OK = ("linux/", "asm/", "asm-generic/")


def is_test(path):
    return "/test/" in path or path.startswith("tests/")


def declared(tree):
    """{module: declared deps} for the modules that are built; headers alone declare nothing."""
    return {module: tree.module_deps(module)[0] for module in MODULE_ORDER
            if tree.exists(f"kernel/{module}/meson.build")}


def declaration_findings(tree):
    for module in MODULE_ORDER:
        path = f"kernel/{module}/meson.build"
        if not tree.exists(path):
            continue
        deps, line = tree.module_deps(module)
        for dep in deps:
            if dep not in KERNEL_MODULES:
                yield Finding(path, line, "layering", f"{module} declares '{dep}', which is no kernel module")
            elif MODULE_ORDER.index(dep) >= MODULE_ORDER.index(module):
                yield Finding(path, line, "layering", f"{module} declares {dep}, which is not below it")


def why_forbidden(source, target, header, deps):
    """The reason why component `source` may not include `header` of `target`, or None."""
    if source == target or source.kind == "tests":
        return None
    if target.kind == "kernel":
        return why_kernel_forbidden(source, target, header, deps)
    if target.kind == "libs" and target.name in USER_LIBRARIES and source.kind in ("kernel", "drivers"):
        return f"libs/{target.name} is for programs only"
    if target.kind == "drivers" and source.kind == "drivers" and target.folder.startswith("drivers/libs/"):
        return None
    if target.kind not in ALLOWED_KINDS.get(source.kind, ()):
        return f"{source} may not use {target}"
    return None


def why_kernel_forbidden(source, target, header, deps):
    if source.kind == "drivers" and header.startswith(DRIVER_API):
        return None
    if source.kind != "kernel":
        return f"{source} may not use kernel headers"
    if source.name not in KERNEL_MODULES:
        return f"{source} is no kernel module"
    if target.name in MODULE_ORDER and MODULE_ORDER.index(target.name) > MODULE_ORDER.index(source.name):
        return f"{source.name} may not use {target.name}, which is above it"
    if source.name in deps and target.name not in deps[source.name]:
        return f"{source.name} does not declare {target.name}"
    return None


def resolve_quoted(tree, path, text):
    """The file that a quoted include finds beside the including one, or None."""
    near = os.path.normpath(os.path.join(os.path.dirname(path), text))
    return near if tree.exists(near) else None


def check_include(tree, path, source, text, is_quoted, deps):
    """The complaint about one #include, or None."""
    near = resolve_quoted(tree, path, text) if is_quoted else None
    if near:
        target = component_of(near)
        if target and target != source:
            return f'"{text}" reaches into {target}'
        return None
    headers = tree.by_include.get(text, [])
    if headers:
        reasons = [why_forbidden(source, component_of(header) or Component("abi", "abi", "abi"), header, deps)
                   for header in headers]
        return None if None in reasons else f"<{text}>: {reasons[0]}"
    if source.kind in ("kernel", "drivers") and not is_test(path) and not is_quoted:
        if text not in FREESTANDING + HOSTED_OK and not text.startswith(KERNEL_HEADERS_OK):
            return f"<{text}> is a hosted header"
    return None


def findings(tree):
    yield from declaration_findings(tree)
    deps = declared(tree)
    for path in tree.sources("kernel", "libs", "services", "apps", "drivers", "boot", "abi", "compat"):
        source = component_of(path)
        if source is None:
            continue
        for line, text, is_quoted in tree.includes(path):
            complaint = check_include(tree, path, source, text, is_quoted, deps)
            if complaint:
                yield Finding(path, line, "layering", complaint)
