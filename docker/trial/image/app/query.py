"""A stand-in for a simulator that reads its input from a database.

The database speaks the simplest protocol there is: a line with a number comes in, a line with its demand goes out. The same
program is that database when it is started with `--serve`.
"""

import argparse
import math
import socket
import socketserver


class Demand(socketserver.StreamRequestHandler):
    """Answers every line with the demand at that hour."""

    def handle(self):
        """Answer until the other side ends."""
        for line in self.rfile:
            self.wfile.write(b"%.6f\n" % (10 + 3 * math.sin(float(line))))


def serve(port):
    """Be the database."""
    with socketserver.ThreadingTCPServer(("0.0.0.0", port), Demand) as server:
        server.serve_forever()


def simulate(port, level):
    """Return the mean shortage of a supply against the demand that the database tells."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection, connection.makefile("rwb") as stream:
        total = 0.0
        for hour in range(24):
            stream.write(b"%d\n" % hour)
            stream.flush()
            total += abs(float(stream.readline()) - level)
    return total / 24


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--level", type=float, default=10.0)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        serve(options.port)
    print(f"shortage={simulate(options.port, options.level):.6f}", flush=True)  # noqa: T201
