"""Layers over the world's image, and the content of the host's folders."""
import os
import shutil

from labs.programs import test_program


def layer(world, name, links=(), directories=("proc", "sys", "dev", "etc", "run", "bin"), files=()):
    """Makes a layer for the image's uppermost: directories, then links in their place."""
    path = f"{world.base}/{world.name(name)}"
    for directory in directories:
        os.makedirs(f"{path}/{directory}", exist_ok=True)
    for file, content in files:
        with open(f"{path}/{file}", "w") as out:
            out.write(content)
        os.chmod(f"{path}/{file}", 0o755)
    for link, target in links:
        if os.path.isdir(f"{path}/{link}"):
            os.rmdir(f"{path}/{link}")
        os.symlink(target, f"{path}/{link}")
    return path


def image(world, *layers):
    """Keywords for a launch: the layers over the world's image."""
    return dict(lowers=[*layers, world.image])


def hostile(world):
    """Keywords for a launch: the world's image with the program /bin/hostile in it."""
    tools = layer(world, "tools")
    shutil.copy(test_program("hostile"), tools + "/bin/hostile")
    return image(world, tools)


def tree(path):
    """Everything below a folder: path, mode, owner, size and time of change."""
    found = []
    for directory, names, files in os.walk(path):
        for name in sorted(names + files):
            status = os.lstat(f"{directory}/{name}")
            found.append((f"{directory}/{name}", status.st_mode, status.st_uid, status.st_size, status.st_mtime_ns))
    return found
