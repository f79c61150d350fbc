"""Two servers, simulated national systems, and PostgreSQL with a synchronous standby; or one server on SQLite."""

import contextlib
import pathlib
import re
import struct

from postgres import Postgres
from processes import Program, Wrong, run

DATABASE = "rims_faults"
RATE_LIMIT = "rate_limit = { per_second = 1000000, burst = 1000000 }"
KEYS = ("auth_key", "secret_key")
CLOCK = pathlib.Path(__file__).resolve().parent / "clock.c"
SECONDS = struct.Struct("=q")


class Ports:
    """Fixed ones, since a server that is started again must be found where it was."""

    def __init__(self, first):
        self.simulators, self.postgres = first, (first + 2, first + 3)
        self.nodes = ((first + 4, first + 5), (first + 6, first + 7))


class Template:
    """A database with a company in it, made once and copied for every scenario."""

    def __init__(self, folder, rims, ports):
        self.folder, self.rims, self.ports = folder, rims, ports
        folder.mkdir()
        folder.chmod(0o711)
        simulators = Program(folder, "simulators", simulate(rims, ports), "# ready")
        try:
            # The servers of all scenarios find them at the same place.
            self.settings = simulators.start()
        finally:
            simulators.stop()
        self.postgres = Postgres(folder, folder, "template", ports.postgres[0])
        try:
            self.postgres.create()
            self.postgres.start()
            self.postgres.sql(f"CREATE DATABASE {DATABASE}")
            config = self.write_config(folder, 0, f"{self.postgres.url}/{DATABASE}")
            self.keys = company(rims, config)
        finally:
            self.postgres.stop()

    def write_config(self, home, node, url, extra=""):
        """A server's own number and addresses; the master keys are beside the template, the same for all."""
        api, ops = self.ports.nodes[node]
        path = home / f"node-{node}.toml"
        path.write_text(f"""
[database]
node = {node}
url = "{url}"
master_key_file = "{self.folder}/master-key.toml"
{extra}

[api]
listen = "127.0.0.1:{api}"
{RATE_LIMIT}

[ops]
listen = "127.0.0.1:{ops}"

{self.settings}""")
        path.chmod(0o600)
        return path


def simulate(rims, ports):
    return [rims, "simulate", "--listen", f"127.0.0.1:{ports.simulators}"]


def company(rims, config):
    """Master keys, tables, and a company with an approved operations key: its keys."""
    admin = (rims, "admin", "--config", config)
    if not (config.parent / "master-key.toml").exists():
        run(*admin, "master-key", "create")
    run(rims, "migrate", "--config", config)
    run(*admin, "user", "create", "faults", "--brno", "1234567890", "--company", "장애렌트카")
    run(*admin, "user", "approve", "faults")
    issued = run(*admin, "keys", "issue", "faults")
    run(*admin, "keys", "approve", "faults")
    return dict(zip(KEYS, re.search(r"^operations\s+(\S+)\s+(\S+)", issued, re.M).groups()))


class Cluster:
    """Everything of one scenario, in a folder of its own; gone when the block ends."""

    def __init__(self, template, folder):
        self.template, self.folder, self.ports = template, folder, template.ports
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        for place in (folder, self.logs):
            # PostgreSQL's user finds its own there.
            place.chmod(0o711)
        self.keys, self.nodes, self.servers, self.disk = template.keys, [], [], None
        self.simulators = Program(self.logs, "simulators", simulate(template.rims, self.ports), "# ready")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Last in, first out; each is done, whatever becomes of the others.
        with contextlib.ExitStack() as ending:
            if self.disk:
                ending.callback(self.disk.remove)
            for server in self.servers:
                ending.callback(server.stop, "immediate")
            for program in (self.simulators, *self.nodes):
                ending.callback(program.kill)

    def start(self, disk_size=None, clocks=False):
        """PostgreSQL and two servers. `disk_size`: the primary's data is on a disk of so many MB."""
        self.primary, self.standby = self.servers = [
            Postgres(self.folder, self.logs, name, port) for name, port in zip(("first", "second"), self.ports.postgres)
        ]
        if disk_size:
            self.disk = Disk(self.primary.home, disk_size)
        self.primary.copy_of(self.template.postgres)
        self.primary.start()
        self.standby.follow(self.primary)
        self.standby.start()
        self.primary.wait_for_standby()
        self.simulators.start()
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports.postgres)
        url = f"postgres://postgres@{hosts}/{DATABASE}?target_session_attrs=read-write"
        for number in range(2):
            config = self.template.write_config(self.folder, number, url)
            self.add_node(number, config, self.clock(number) if clocks else None)

    def start_sqlite(self, pages=None, disk_size=None):
        """One server on a file, with a quota of its own or on a disk of so many MB."""
        self.file = self.folder / "sqlite" / "rims.db"
        if disk_size:
            self.disk = Disk(self.file.parent, disk_size)
        else:
            self.file.parent.mkdir()
        config = self.sqlite_config(None)
        self.keys = company(self.template.rims, config)
        self.sqlite_config(pages)
        self.simulators.start()
        self.add_node(0, config)

    def sqlite_config(self, pages):
        quota = f"sqlite_max_pages = {pages}" if pages else ""
        path = self.template.write_config(self.folder, 0, f"sqlite://{self.file}", quota)
        # Master keys belong to one database.
        text = path.read_text().replace(f"{self.template.folder}/master-key", f"{self.folder}/master-key")
        path.write_text(text)
        return path

    def add_node(self, number, config, environment=None):
        command = [self.template.rims, "serve", "--config", config]
        node = Program(self.logs, f"node-{number}", command, "ready", environment)
        node.api = self.ports.nodes[number][0]
        self.nodes.append(node)
        node.start()

    def clock(self, number):
        """What gives a server a clock of its own (clock.c)."""
        library = self.template.folder / "clock.so"
        if not library.exists():
            run("cc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, CLOCK)
        self.clock_file(number).write_bytes(SECONDS.pack(0))
        # It logs every request, with its time.
        shown = {"RIMS_LOG": "info,rims_server=debug"}
        return shown | {"LD_PRELOAD": str(library), "CLOCK_FILE": str(self.clock_file(number))}

    def clock_file(self, number):
        return self.folder / f"clock-{number}"

    def set_clock(self, number, seconds):
        """A server's clock is so many seconds ahead from now on."""
        with self.clock_file(number).open("r+b", buffering=0) as file:
            file.write(SECONDS.pack(seconds))

    def promote_standby(self):
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def rebuild_standby(self):
        """The old primary becomes the standby of the new one."""
        self.standby.follow(self.primary)
        self.standby.start()
        self.primary.wait_for_standby()


class Disk:
    """A small file system in memory, filled with one file."""

    def __init__(self, place, megabytes):
        self.place, self.ballast = pathlib.Path(place), pathlib.Path(place) / "ballast"
        self.place.mkdir(exist_ok=True)
        try:
            run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "faults", self.place)
        except Wrong as wrong:
            raise Wrong(f"a file system of a known size cannot be mounted, which needs root: {wrong}") from None

    def fill(self):
        """Until not a byte is left."""
        with self.ballast.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"\0" * size):
                        pass

    def free(self):
        self.ballast.unlink()

    def remove(self):
        run("umount", "--lazy", self.place)
