"""The builder `debian-copy`: a tree from Debian packages and the overlay of a package of ours.

apt resolves and fetches as for an empty system, whatever this host has installed; no script of a package runs. What
those would have done stands beside the package.toml: files/ lies over what the packages bring, links.tsv and folders.tsv
say what else there is. The tree is merged-usr, without documents and translations.
"""
import os
import py_compile
import shutil
import subprocess
import sys
import tarfile

from x import setup
from x.common import BUILD, ROOT, Failure, say

CACHE = os.path.join(BUILD, "debian")
# Left out: only read by people, or of no use without package management.
LEFT_OUT = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/info/", "usr/share/lintian/",
            "usr/share/bug/", "usr/share/doc-base/", "usr/share/menu/", "var/lib/dpkg/", "var/cache/",
            "lib/systemd/", "usr/lib/systemd/", "etc/cron", "etc/init.d/", "etc/logrotate.d/")
MERGED = ("bin", "sbin", "lib", "lib64")
SPECIAL_BITS = 0o7000
# It converts systems that are not merged-usr; ours is born so.
NOT_WANTED = "usrmerge-"


class Special:
    """Rights that a plain copy would not give: mode, owner and group of `path` (relative to the tree)."""

    def __init__(self, path, mode, uid, gid):
        self.path = path
        self.mode = mode
        self.uid = uid
        self.gid = gid


def apt(archives, *words):
    """apt-get for a system without any package."""
    status = os.path.join(CACHE, "status")
    os.makedirs(os.path.join(archives, "partial"), exist_ok=True)
    with open(status, "w", encoding="ascii"):
        pass
    settings = {"Dir::State::status": status, "Dir::Cache::archives": archives, "Debug::NoLocking": "1",
                "APT::Sandbox::User": "root", "APT::Install-Recommends": "false"}
    command = ["apt-get", "-y", "-q", *[word for key, value in settings.items() for word in ("-o", f"{key}={value}")], *words]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def planned(archives, packages):
    """The archives' names of the packages and of what they depend on; none when apt cannot tell. What lies in
    `archives` is not named."""
    done = apt(archives, "--print-uris", "install", *packages, NOT_WANTED)
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("'")]


def fetch(packages):
    """The paths of the archives, in apt's order."""
    empty, archives = os.path.join(CACHE, "plan"), os.path.join(CACHE, "archives")
    shutil.rmtree(empty, ignore_errors=True)
    for has_refreshed in (False, True):
        paths = [os.path.join(archives, name) for name in planned(empty, packages)]
        if paths and not all(map(os.path.isfile, paths)):
            say(f"fetching {len(paths)} Debian packages")
            apt(archives, "--download-only", "install", *packages, NOT_WANTED)
        if paths and all(map(os.path.isfile, paths)):
            return paths
        # Lists that are older than the mirror name packages that it has no more.
        if not has_refreshed:
            refresh_lists()
    raise Failure(f"apt-get cannot fetch {' '.join(packages)}; does apt-get update work?")


def refresh_lists():
    prefix = setup.apt_prefix()
    if prefix is not None:
        setup.apt(prefix, "update")


def merged(name):
    """A member's path in the tree: what Debian 12's packages still ship as /bin lies in /usr/bin."""
    name = os.path.normpath(name).lstrip("/")
    top = name.split("/", 1)[0]
    return f"usr/{name}" if top in MERGED else name


def is_wanted(name):
    return name not in (".", *MERGED) and not f"{name}/".startswith(LEFT_OUT)


def put_file(archive, member, path):
    with archive.extractfile(member) as source, open(path, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    os.chmod(path, member.mode & 0o777)
    os.utime(path, (member.mtime, member.mtime))


def unpack_member(archive, member, tree):
    name = merged(member.name)
    path = os.path.join(tree, name)
    if member.isdir():
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.islnk():
        os.link(os.path.join(tree, merged(member.linkname)), path)
    elif member.isreg():
        put_file(archive, member, path)
    else:
        raise Failure(f"{name}: a package brings what is neither file, folder nor link")


def unpack(deb, tree):
    """Copy a package's files into the tree; yields the Special of each that needs one."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
        with tarfile.open(fileobj=child.stdout, mode="r|") as archive:
            for member in archive:
                name = merged(member.name)
                if not is_wanted(name):
                    continue
                unpack_member(archive, member, tree)
                is_root = member.uid == 0 and member.gid == 0
                if not member.issym() and (not is_root or member.mode & SPECIAL_BITS):
                    yield Special(name, member.mode, member.uid, member.gid)
    if child.returncode:
        raise Failure(f"dpkg-deb cannot read {deb}")


def table(folder, name, width):
    """The lines of a .tsv file beside the package.toml."""
    path = os.path.join(folder, name)
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.rstrip("\n").split("\t")
            if line.startswith("#"):
                continue
            if len(words) != width:
                raise Failure(f"{os.path.relpath(path, ROOT)}: cannot read '{line.strip()}'")
            yield words


def lay_over(folder, tree):
    """Copy `folder` over the tree; what it replaces may be a link, which is not followed."""
    for top, _, names in os.walk(folder):
        place = os.path.join(tree, os.path.relpath(top, folder))
        os.makedirs(place, exist_ok=True)
        for name in names:
            path = os.path.join(place, name)
            if os.path.lexists(path):
                os.unlink(path)
            shutil.copyfile(os.path.join(top, name), path)
            os.chmod(path, 0o644)


def make_links(folder, tree):
    for link, target in table(folder, "links.tsv", 2):
        path = os.path.join(tree, link)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.lexists(path):
            os.symlink(target, path)


def make_folders(folder, tree):
    """Yields the Special of each line."""
    for name, mode, uid, gid in table(folder, "folders.tsv", 4):
        path = os.path.join(tree, name)
        os.makedirs(path if name.endswith("/") else os.path.dirname(path), exist_ok=True)
        if not os.path.lexists(path):
            with open(path, "wb"):
                pass
        yield Special(name.rstrip("/"), int(mode, 8), int(uid), int(gid))


def make_homes(tree):
    """What useradd and base-files' script copy; yields the Special of each file."""
    skeleton = os.path.join(tree, "etc", "skel")
    for home, owner in (("root", 0), ("home/albireo", 1000)):
        for name in os.listdir(skeleton):
            shutil.copyfile(os.path.join(skeleton, name), os.path.join(tree, home, name))
            yield Special(f"{home}/{name}", 0o644, owner, owner)


def compile_python(tree):
    """Byte code beside the library's sources, for nobody but root could write it there. Only for the host's own
    version of Python: others have other code."""
    library = os.path.join(tree, "usr", "lib", f"python{sys.version_info.major}.{sys.version_info.minor}")
    for top, _, names in os.walk(library):
        for name in names:
            path = os.path.join(top, name)
            if name.endswith(".py"):
                py_compile.compile(path, dfile=path[len(tree):], quiet=2,
                                   invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)


def make_tree(package, tree):
    """Make `tree` what the package asks for; returns the Specials. Files belong to whoever asks: the owners are given
    with the specials."""
    folder = os.path.join(ROOT, package.folder)
    archives = fetch(package.table("debian")["packages"])
    shutil.rmtree(tree, ignore_errors=True)
    for name in MERGED:
        os.makedirs(os.path.join(tree, "usr", name))
    specials = [special for deb in archives for special in unpack(deb, tree)]
    lay_over(os.path.join(folder, "files"), tree)
    make_links(folder, tree)
    specials += make_folders(folder, tree)
    specials += make_homes(tree)
    compile_python(tree)
    return specials
