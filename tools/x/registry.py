"""The registries under system/registry, made from package.toml; runtime-env.tsv from config/system.toml.

A registry is one record a line, fields `key=value` separated by tabs, list
items by commas. The boot manifest alone has bare columns, for rootd has no libc:
id, path, sha256, rank, service_ids, caps, pid, order; `-` where a field is empty.
"""
from x import config, manifest

BUNDLED_BUILDERS = ("service", "app", "musl-app")


def field(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    return str(value)


def record(**fields):
    return "\t".join(f"{key.rstrip('_')}={field(value)}" for key, value in fields.items()) + "\n"


def loadable_drivers(packages):
    """One record a driver that driverd may load; those that are a last resort come after the others."""
    drivers = []
    for package in packages:
        autoload = package.table("autoload")
        if autoload and autoload.get("enabled", True) and not package.data.get("builtin", False):
            drivers.append((autoload.get("fallback_only", False), -autoload.get("priority", 0), autoload["name"],
                            package, autoload))
    lines = []
    for fallback, priority, name, package, autoload in sorted(drivers, key=lambda d: d[:3]):
        lines.append(record(
            name=name, path="/" + package.table("install")["path"], class_=autoload["class"], bus=autoload["bus"],
            priority=-priority, when=autoload.get("when", "vfs-ready"), aliases=autoload.get("aliases", []),
            provider_group=autoload.get("provider_group", ""), fallback_only=fallback,
            deps=autoload.get("deps", []), softdeps=autoload.get("softdeps", []),
            linux_driver_names=autoload.get("linux_driver_names", [name])))
    return "".join(lines)


def machine_path(package):
    """Where a running machine has a package's file: what comes in its bundle lies below /system, as vfsd
    shows it; the rest where it is installed."""
    path = package.table("install").get("path", "")
    is_bundled = package.table("build").get("builder") in BUNDLED_BUILDERS and not path.startswith("system/")
    return f"/system/{path}" if is_bundled else f"/{path}"


def program_records(package):
    """Yield the fields that the three program registries share, one dict a desktop entry."""
    installed = machine_path(package)
    for entry in package.desktop_entries():
        yield {
            "id": package.id, "display_name": entry["display_name"], "image": entry.get("image", installed),
            "exec": entry.get("exec", entry.get("image", installed)), "weight_micros": entry.get("weight_micros", 100),
            "logical_admin": entry.get("logical_admin", False), "console_hosted": entry.get("console_hosted", False),
            "launch": entry.get("launch", "none"), "args": entry.get("args", []), "env": entry.get("env", []),
        }


def desktop_programs(packages):
    return "".join(record(**fields) for package in packages for fields in program_records(package)
                   if package.data.get("startup", "none") != "init")


def runtime_launch_programs(packages):
    return "".join(record(**fields) for package in packages for fields in program_records(package)
                   if fields["launch"] != "none")


def service_fields(package):
    """What the [service] table says, in the schema's order; runtimed has defaults for the rest."""
    service = package.table("service")
    return {"started_by": package.started_by(),
            **{key: service[key] for key in manifest.SCHEMA["service"] if key in service and key != "started_by"}}


def startup_programs(packages):
    """Programs that start by themselves, each after what it depends on."""
    lines, placed = [], set()
    by_id = {package.id: package for package in packages}

    def place(package):
        if package is None or package.id in placed:
            return
        placed.add(package.id)
        for dep in sorted(package.runtime_deps()):
            place(by_id.get(dep))
        startup = package.data.get("startup", "none")
        if startup != "none":
            lines.append(record(id=package.id, startup=startup, exec=machine_path(package),
                                runtime_deps=sorted(package.runtime_deps()), **service_fields(package)))

    for package in sorted(packages, key=lambda p: p.id):
        place(package)
    return "".join(lines)


def runtime_env(_):
    """The environment that initd and runtimed give, from config/system.toml."""
    return "".join(record(scope=scope, key=key, value=value)
                   for scope, variables in sorted(config.load().get("environment", {}).items())
                   for key, value in variables.items())


def boot_manifest(packages, sums):
    """What rootd starts, in order; `sums` gives (sha256, bytes) by path."""
    rows = []
    for package in packages:
        boot = package.table("boot")
        if boot:
            path = package.table("install")["path"]
            columns = (package.id, path, sums[path][0], boot["rank"], field(boot.get("service_ids", [])) or "-",
                       field(boot.get("capabilities", [])) or "-", boot.get("pid", "-"), boot["order"],
                       boot.get("start", "boot"))
            rows.append((boot["order"], package.id, "\t".join(str(column) for column in columns) + "\n"))
    return "".join(line for _, _, line in sorted(rows))


REGISTRIES = {
    "system/registry/kernel/loadable-drivers.tsv": loadable_drivers,
    "system/registry/system/desktop-programs.tsv": desktop_programs,
    "system/registry/system/runtime-launch-programs.tsv": runtime_launch_programs,
    "system/registry/system/startup-programs.tsv": startup_programs,
}

# Of no use to a machine of ./x exec, where neither initd nor runtimed gives an environment.
RUN_REGISTRIES = {
    "system/registry/system/runtime-env.tsv": runtime_env,
}
