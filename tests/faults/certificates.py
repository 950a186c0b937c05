"""Certificates of a test's own authority, by the openssl command."""
import pathlib
import ssl
import subprocess

CONFIG = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""


P256 = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Certificates:
    """`ca` is the authority's file; `make` signs a server's certificate, `context` serves with it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca = str(self.folder / "ca.pem")
        self.run("req", "-x509", "-newkey", *P256, "-nodes", "-keyout", self.folder / "ca.key",
                 "-out", self.ca, "-subj", "/CN=test authority", "-days", "30")
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("1000")
        (self.folder / "ca.cnf").write_text(CONFIG.format(folder=self.folder))

    @staticmethod
    def run(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def make(self, name, names="IP:127.0.0.1,DNS:localhost", start="20200101000000Z", end="20991231000000Z", kind=P256, digest="sha256",
             extension="basicConstraints=CA:FALSE", is_self_signed=False):
        key, wish, made = (self.folder / f"{name}.{suffix}" for suffix in ("key", "csr", "pem"))
        wished = ["-newkey", *kind, "-nodes", "-keyout", key, "-subj", "/CN=" + name, "-addext", "subjectAltName=" + names, "-addext", extension]
        if is_self_signed:
            self.run("req", "-x509", *wished, "-out", made, "-days", "30")
            return str(made), str(key)
        self.run("req", *wished, "-out", wish)
        self.run("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", "-cert", self.ca, "-keyfile", self.folder / "ca.key",
                 "-md", digest, "-in", wish, "-out", made, "-startdate", start, "-enddate", end)
        return str(made), str(key)

    def context(self, name, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("ALL:@SECLEVEL=0")  # it is the daemon that has to refuse what is weak
        context.load_cert_chain(*self.make(name, **options))
        return context
