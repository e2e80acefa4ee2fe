"""A stand-in for a model that forecasts the passengers of each hour: `GET /REGION/DAY` answers with 24 numbers as JSON."""

import argparse
import http.server
import json
import random

import dispatch


class Forecast(http.server.BaseHTTPRequestHandler):
    """Answers with what will happen, a few per cent off."""

    def do_GET(self):
        """Answer one request."""
        region, _, day = self.path.strip("/").partition("/")
        luck = random.Random(self.path)
        body = json.dumps([passengers * luck.gauss(1, 0.05) for passengers in dispatch.demand(region, day)]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing of each request."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    http.server.ThreadingHTTPServer(("0.0.0.0", parser.parse_args().port), Forecast).serve_forever()
