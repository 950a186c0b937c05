"""Ports for servers that are closed and opened again on the same one."""
import pathlib
import random
import socket


def free_port(host="127.0.0.1"):
    """Of those that the kernel gives to nobody who just connects: meanwhile none of them would take it."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(first // 2, first)
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
