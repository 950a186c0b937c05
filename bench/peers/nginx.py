"""The floor of what speaks HTTP: nginx, which answers with constants as long as pennond's answers."""
import json

from loading import nginx_config
from peer import Peer, version_of


class Nginx(Peer):
    name = "nginx, a constant"
    programs = ("nginx",)
    variable = "PENNON_PEER_NGINX"
    install = "apt-get install nginx-light"
    can = frozenset(["single", "bulk"])

    def __init__(self, single, bulk):
        super().__init__()
        self.answers = [json.dumps(answer, separators=(",", ":")) for answer in (single, bulk)]

    def version(self):
        return version_of(self.program, "-v")

    def write(self, directory, flags):
        pass

    def command(self, directory, port, socket):
        config = directory / "nginx.conf"
        config.write_text(nginx_config(directory, port, *self.answers))
        return [self.program, "-c", config]
